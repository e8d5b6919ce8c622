// A storage that speaks S3 (versitygw) on a fresh directory, for the cases that need one. Started by the first of them, gone with the process.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.mjs";
import { root } from "./harness.mjs";

const LONGEST_START_MS = 30_000;
/** What the cases sign with. */
const KEYS = { ROOT_ACCESS_KEY: "testkey", ROOT_SECRET_KEY: "testsecret123" };

let address;

/** Where it listens: `http://127.0.0.1:PORT`. It has one bucket, `bench`. */
export function storageAddress() {
  address ??= start();
  return address;
}

async function start() {
  const stamp = join(root, ".cache/versitygw/stamp.json");
  if (!existsSync(stamp)) throw new Error("no versitygw: run `npm run setup` first");
  const { program } = JSON.parse(readFileSync(stamp, "utf8"));
  const directory = mkdtempSync(join(tmpdir(), "tidemark-bench-s3-"));
  // To versitygw, a directory is a bucket.
  mkdirSync(join(directory, "bench"));
  const port = await freePort();
  const args = ["--port", `127.0.0.1:${port}`, "--quiet", "--keep-alive", "posix", directory];
  const server = spawn(program, args, { env: { PATH: process.env.PATH, ...KEYS }, stdio: "ignore" });
  server.unref();
  process.on("exit", () => {
    server.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  const started = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + LONGEST_START_MS;
  while (!(await isThere(started))) {
    if (server.exitCode !== null || Date.now() > deadline) throw new Error("versitygw did not start");
    await sleep(50);
  }
  return started;
}

const isThere = (url) =>
  fetch(url).then(
    () => true,
    () => false,
  );
