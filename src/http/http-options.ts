import { z } from "zod";

const secret = z.string().min(1, { error: "is empty" });

export const httpOptionsSchema = z.strictObject({
  /** With a password. Default: `MLFLOW_TRACKING_USERNAME`, else `~/.mlflow/credentials`. */
  username: secret.optional(),
  /** Default: `MLFLOW_TRACKING_PASSWORD`, else `~/.mlflow/credentials`. */
  password: z.string().optional(),
  /** A bearer token, or what answers one: asked again when the server refuses the last. Default: `MLFLOW_TRACKING_TOKEN`. */
  token: z
    .union([
      secret,
      z.custom<() => string | Promise<string>>((value) => typeof value === "function", {
        error: "is neither a text nor a function",
      }),
    ])
    .optional(),
  /** Sent with every request. */
  headers: z.record(z.string().regex(/^[\w-]+$/, { error: "is no header name" }), z.string()).optional(),
  /** Default: `MLFLOW_WORKSPACE`. Only for servers that have workspaces. */
  workspace: z.string().min(1, { error: "is empty" }).optional(),
  tls: z
    .strictObject({
      /** Path of a PEM file with the certificates to trust. Default: `MLFLOW_TRACKING_SERVER_CERT_PATH`. */
      caFile: z.string().optional(),
      /** Path of a PEM file with the client's certificate and its key. Default: `MLFLOW_TRACKING_CLIENT_CERT_PATH`. */
      clientCertFile: z.string().optional(),
      /** Path of the key, where it is not in `clientCertFile`. */
      clientKeyFile: z.string().optional(),
      /** Takes any certificate, with a warning. Default: `MLFLOW_TRACKING_INSECURE_TLS`, else false. */
      isInsecure: z.boolean().optional(),
    })
    .optional(),
  /** URL of a proxy; false for none. Default: `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`. */
  proxy: z.union([z.url(), z.literal(false)]).optional(),
  /** The longest silence of the server, in milliseconds. Default: `MLFLOW_HTTP_REQUEST_TIMEOUT` (in seconds), else 120,000. */
  timeoutMs: z.number().positive().optional(),
  /** How often a failed call is repeated. Default: `MLFLOW_HTTP_REQUEST_MAX_RETRIES`, else 7. */
  maxRetries: z.int().min(0).max(100).optional(),
});

/** What `connect` takes for an MLflow server. @interface */
export type HttpOptions = z.input<typeof httpOptionsSchema>;
