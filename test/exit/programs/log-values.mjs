// Logs values in the way the arguments say, then ends in the way they say. Prints the run id first.
import { writeSync } from "node:fs";
import { startRun } from "tidemark";

const { count, loop, end, handleSignals } = JSON.parse(process.argv[2]);
const run = await startRun({ experiment: "exit", handleSignals, captureEnvironment: false });
writeSync(1, `${run.id}\n`);
for (let i = 0; i < count; i++) {
  run.logMetric("loss", i);
  if (loop === "yielding" && i % 1_000 === 999) await new Promise((resolve) => setImmediate(resolve));
}
switch (end) {
  case "return":
    break;
  case "end":
    await run.end();
    break;
  case "exit-0":
    process.exit(0);
    break;
  case "exit-1":
    process.exit(1);
    break;
  case "throw":
    throw new TypeError("the training went wrong");
  case "throw-later":
    setTimeout(() => {
      throw new TypeError("the training went wrong");
    }, 1);
    break;
  case "rejection":
    Promise.reject(new TypeError("the training went wrong"));
    break;
  case "caught":
    process.on("uncaughtException", () => {});
    setTimeout(() => {
      throw new TypeError("handled by the program itself");
    }, 1);
    break;
  case "never":
    await new Promise(() => {});
    break;
  case "end-then-exit":
    void run.end({ status: "KILLED" });
    process.exit(0);
    break;
  case "signal":
    writeSync(1, "ready\n");
    setInterval(() => {}, 1_000);
    break;
}
