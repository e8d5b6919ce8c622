import { freePort } from "./mlflow-server.ts";
import { pythonPath } from "./peers.ts";
import { answers, startServer } from "./started-server.ts";

const BUCKET = "artifacts";

/** A storage that speaks S3 (moto), with one bucket. */
export interface S3Storage {
  readonly address: string;
  /** For `--artifacts-destination`. */
  readonly uri: string;
  /** What a server needs to find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Uploads in parts that were neither completed nor thrown away. */
  openUploads(): Promise<number>;
  kill(): Promise<void>;
}

/** Starts one. */
export async function startS3Storage(): Promise<S3Storage> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const kill = await startServer({
    name: "moto",
    command: pythonPath(),
    args: ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
    isThere: () => answers(`${address}/${BUCKET}`, { method: "PUT" }),
  });
  return {
    address,
    uri: `s3://${BUCKET}/below`,
    env: {
      MLFLOW_S3_ENDPOINT_URL: address,
      AWS_ACCESS_KEY_ID: "nobody",
      AWS_SECRET_ACCESS_KEY: "nothing",
      AWS_DEFAULT_REGION: "us-east-1",
    },
    openUploads: async () => {
      const text = await (await fetch(`${address}/${BUCKET}?uploads`)).text();
      return text.split("<UploadId>").length - 1;
    },
    kill,
  };
}
