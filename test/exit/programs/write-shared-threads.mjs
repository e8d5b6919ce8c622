// Eight worker threads that write one run.
import { Worker } from "node:worker_threads";

const { runId, count, threads } = JSON.parse(process.argv[2]);
const program = new URL("./write-shared.mjs", import.meta.url);
const exits = Array.from({ length: threads }, (_, index) => {
  const worker = new Worker(program, { workerData: { runId, writer: 100 + index, count } });
  return new Promise((resolve, reject) => worker.on("error", reject).on("exit", resolve));
});
const codes = await Promise.all(exits);
process.exit(codes.every((code) => code === 0) ? 0 : 1);
