import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { plainEnvironment } from "./child.ts";
import { freePort } from "./mlflow-server.ts";
import { pythonPath } from "./peers.ts";

const LONGEST_START_MS = 60_000;
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
  const storage = spawn(pythonPath(), ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], {
    env: plainEnvironment(),
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(storage, "exit");
  let said = "";
  storage.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const kill = async () => {
    storage.kill("SIGKILL");
    await ended;
  };
  const deadline = Date.now() + LONGEST_START_MS;
  while (!(await makeBucket(address))) {
    if (storage.exitCode !== null || Date.now() > deadline) {
      await kill();
      throw new Error(`moto did not start:\n${said}`);
    }
    await sleep(100);
  }
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

const makeBucket = (address: string) =>
  fetch(`${address}/${BUCKET}`, { method: "PUT" }).then(
    ({ ok }) => ok,
    () => false,
  );
