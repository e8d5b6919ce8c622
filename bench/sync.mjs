// Cases of sync: what copying the files costs, and what an MLflow server takes, are the limits.
import { join } from "node:path";
import { alternate, atLeast, runCase, withDirectory } from "./harness.mjs";
import { serverAddress } from "./mlflow-server.mjs";
import { sized } from "./options.mjs";

export const syncCases = {
  async sync() {
    const count = sized(1_000_000, 20_000);
    await withDirectory(async (directory) => {
      const store = join(directory, "mlruns");
      await runCase("write-synced.mjs", ["", count, store]);
      const { cp, copy, again } = await alternate({
        cp: () => runCase("sync.mjs", ["cp", count, store]),
        copy: () => runCase("sync.mjs", ["copy", count, store]),
        again: () => runCase("sync.mjs", ["again", count, store]),
      });
      const runs = `${(count / 1_000).toLocaleString("en")} runs with ${count.toLocaleString("en")} values`;
      const ms = ({ elapsedMs }) => `${elapsedMs.toFixed(0)} ms`;
      const row = (what, result, limit) =>
        atLeast(
          "sync",
          `${what} / \`cp -r\` (${ms(result)} against ${ms(cp)})`,
          cp.elapsedMs / result.elapsedMs,
          limit,
          "x",
        );
      row(`${runs}, directory to directory, rate`, copy, 0.3);
      row("the same once more, nothing to copy, rate", again, 0.3);
    });
  },
  async syncHttp() {
    const address = await serverAddress();
    const count = sized(100_000, 4_000);
    const { bareLoop, tidemark } = await alternate({
      bareLoop: () => runCase("sync-http.mjs", ["bareLoop", count, address]),
      tidemark: () => runCase("sync-http.mjs", ["tidemark", count, address]),
    });
    const rate = ({ valuesPerSecond }) => `${(valuesPerSecond / 1_000).toFixed(1)} k/s`;
    const what = `to an MLflow server, rate / bare loop, 4 requests at a time (${rate(tidemark)} against ${rate(bareLoop)})`;
    atLeast("syncHttp", what, tidemark.valuesPerSecond / bareLoop.valuesPerSecond, 0.9, "x");
  },
};
