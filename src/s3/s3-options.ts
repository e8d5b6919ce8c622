import { z } from "zod";
import { invalidArgument } from "../base/errors.ts";
import { checkArgument } from "../schema/check.ts";
import type { AwsKeys } from "./sigv4.ts";
import { isHeaderValue } from "./upload-headers.ts";

const text = z.string().min(1, { error: "is empty" });

/** Keys, and the time after which they no longer count. */
export interface AwsIdentity extends AwsKeys {
  readonly expiration?: Date | undefined;
}

/**
 * What answers keys when they are needed: a provider of the AWS SDK for JavaScript (v3) is one. `forceRefresh` is true where the storage
 * has refused the keys it answered last.
 */
export type AwsCredentialProvider = (options: { readonly forceRefresh: boolean }) => AwsIdentity | Promise<AwsIdentity>;

const s3OptionsSchema = z.strictObject({
  /**
   * Address of a storage that is not AWS: `https://minio.example:9000`. Default: `MLFLOW_S3_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`,
   * `AWS_ENDPOINT_URL`, the profile's `endpoint_url`; else AWS.
   */
  endpoint: z.url({ protocol: /^https?$/, error: "is no http or https address" }).optional(),
  /** Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's; else `us-east-1`. AWS says where a bucket is if this is wrong. */
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/i, { error: "is no region" })
    .optional(),
  /**
   * Keys, a function that answers keys (also a provider of the AWS SDK v3), or `"anonymous"` for buckets that anybody may read.
   * Default: `AWS_ACCESS_KEY_ID` with `AWS_SECRET_ACCESS_KEY`, the profile's keys; else what `@aws-sdk/credential-provider-node`
   * finds, where that is installed.
   */
  credentials: z
    .union([
      // What else a provider of the SDK answers does not matter.
      z.object({ accessKeyId: text, secretAccessKey: text, sessionToken: text.optional() }),
      z.custom<AwsCredentialProvider>((value) => typeof value === "function"),
      z.literal("anonymous"),
    ])
    .optional(),
  /** A profile of AWS's configuration and credentials files. Default: `AWS_PROFILE`. */
  profile: text.optional(),
  /** The bucket in the path, not in the host name. Default: `MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE`; else where it has to be. */
  forcePathStyle: z.boolean().optional(),
  /**
   * The checksum that goes with what is written. Default: `"crc32"` at AWS, `"md5"` elsewhere, because not everybody knows the others;
   * `AWS_REQUEST_CHECKSUM_CALCULATION=when_supported` makes it `"crc32"` there too.
   */
  checksum: z.enum(["crc32", "sha256", "md5", "none"]).optional(),
  /**
   * Sent with everything that is written: `x-amz-server-side-encryption`, `x-amz-storage-class`. Names in lower case. Default: what
   * `MLFLOW_S3_UPLOAD_EXTRA_ARGS` says.
   */
  uploadHeaders: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]*$/, { error: "is no header name in lower case" }),
      z.string().refine(isHeaderValue, { error: "is nothing that a header can carry" }),
    )
    .optional(),
  tls: z
    .strictObject({
      /** Path of a PEM file with the certificates to trust. Default: `AWS_CA_BUNDLE`. */
      caFile: text.optional(),
      /** Takes any certificate, with a warning. Default: `MLFLOW_S3_IGNORE_TLS`, else false. */
      isInsecure: z.boolean().optional(),
    })
    .optional(),
  /** URL of a proxy; false for none. Default: `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`. */
  proxy: z.union([z.url(), z.literal(false)]).optional(),
  /** The longest silence of the storage, in milliseconds. Default: 60,000. */
  timeoutMs: z.number().positive().optional(),
  /** How often a failed request is repeated. Default: one less than `AWS_MAX_ATTEMPTS`, else 7. */
  maxRetries: z.int().min(0).max(100).optional(),
});

/** How to reach a storage that speaks S3. @interface */
export type S3Options = z.input<typeof s3OptionsSchema>;

/** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
export function checkS3Options(options: unknown): S3Options {
  const { credentials } = (options ?? {}) as { readonly credentials?: unknown };
  // A message would show the text, and the text may be a secret.
  if (typeof credentials === "string" && credentials !== "anonymous")
    throw invalidArgument("options.credentials", undefined, 'keys, a function that answers keys, or "anonymous"');
  return checkArgument("options", s3OptionsSchema, options);
}
