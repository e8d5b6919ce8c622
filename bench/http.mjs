// Cases of the HTTP backend, against MLflow's own server on SQLite: what it takes is the limit of every client.
import { randomBytes } from "node:crypto";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { alternate, atLeast, atMost, runCase, withDirectory } from "./harness.mjs";
import { serverAddress } from "./mlflow-server.mjs";
import { rounds, sized } from "./options.mjs";

const MIB = 2 ** 20;

const perSecond = (rate) => (rate < 1_000 ? `${rate.toFixed(0)} a second` : `${(rate / 1_000).toFixed(1)} k/s`);

export const httpCases = {
  async http() {
    const address = await serverAddress();
    const count = sized(40_000, 2_000);
    const { bareLoop, tidemark } = await alternate({
      bareLoop: () => runCase("http-log.mjs", ["bareLoop", count, address]),
      tidemark: () => runCase("http-log.mjs", ["tidemark", count, address]),
    });
    const oneByOne = sized(200, 20);
    const asynchronous = sized(500, 20);
    // Half a minute a round, for peers that are far behind: fewer rounds.
    const { npmMlflow, pythonSync, pythonAsync } = await alternate(
      {
        npmMlflow: () => runCase("http-log.mjs", ["npmMlflow", oneByOne, address]),
        pythonSync: () => runCase("http_log.py", ["sync", oneByOne, address]),
        pythonAsync: () => runCase("http_log.py", ["async", asynchronous, address]),
      },
      Math.min(3, rounds),
    );
    const ours = tidemark.valuesPerSecond;
    const against = ({ valuesPerSecond }, peer, limit, digits) => {
      const what = `rate / ${peer} (${perSecond(ours)} against ${perSecond(valuesPerSecond)})`;
      atLeast("http", what, ours / valuesPerSecond, limit, "x", digits);
    };
    against(bareLoop, "bare loop with bodies of 1,000", 0.95, 2);
    against(pythonSync, "Python log_metric", 50, 0);
    against(pythonAsync, `Python asynchronous logging of ${asynchronous} values`, 100, 0);
    against(npmMlflow, "npm mlflow logMetric", 50, 0);
  },
  async httpRuns() {
    const address = await serverAddress();
    const count = sized(100, 5);
    const { bareLoop, tidemark } = await alternate({
      bareLoop: () => runCase("http-runs.mjs", ["bareLoop", count, address]),
      tidemark: () => runCase("http-runs.mjs", ["tidemark", count, address]),
    });
    const rates = `(${perSecond(tidemark.valuesPerSecond)} against ${perSecond(bareLoop.valuesPerSecond)})`;
    const what = `${count} runs at once, rate / bare loop, 4 requests at a time ${rates}`;
    atLeast("httpRuns", what, tidemark.valuesPerSecond / bareLoop.valuesPerSecond, 0.9, "x");
  },
  async httpOutage() {
    const address = await serverAddress();
    const count = sized(10_000_000, 100_000);
    const { localDirectory, standIn, bareLoop } = await alternate({
      localDirectory: () => runCase("http-outage.mjs", ["localDirectory", count, address]),
      standIn: () => runCase("http-outage.mjs", ["standIn", count, address]),
      bareLoop: () => runCase("http-log.mjs", ["bareLoop", sized(40_000, 2_000), address]),
    });
    // Its rate is the server's: fewer rounds.
    const { realServer } = await alternate(
      { realServer: () => runCase("http-outage.mjs", ["realServer", sized(200_000, 2_000), address]) },
      sized(Math.min(3, rounds), 1),
    );
    const values = `${count.toLocaleString("en")} values`;
    const ns = `${standIn.nsPerValue.toFixed(0)} ns against ${localDirectory.nsPerValue.toFixed(0)} ns`;
    const row = (limit, what, ...rest) => limit("httpOutage", what, ...rest);
    row(
      atMost,
      `append while the server is away / append to a local directory (${ns})`,
      standIn.nsPerValue / localDirectory.nsPerValue,
      2,
      "x",
    );
    row(
      atMost,
      `resident growth over ${values} meanwhile (${standIn.growthMiB.toFixed(0)} MiB until all are delivered)`,
      standIn.awayGrowthMiB,
      64,
      " MiB",
      1,
    );
    const rates = `(${perSecond(standIn.valuesPerSecond)} against ${perSecond(bareLoop.valuesPerSecond)})`;
    row(
      atLeast,
      `rate of their delivery to a stand-in that counts / MLflow's server ${rates}`,
      standIn.valuesPerSecond / bareLoop.valuesPerSecond,
      20,
      "x",
      0,
    );
    const expected = sized(200_000, 2_000);
    const rate = perSecond(realServer.valuesPerSecond);
    row(atLeast, `values that MLflow's server has after an outage (${rate})`, realServer.delivered, expected, "", 0);
  },
  async httpArtifact() {
    const address = await serverAddress();
    await withDirectory(async (directory) => {
      const sizeMiB = sized(256, 8);
      const [file, smallFile] = ["file", "small file"].map((name) => join(directory, name));
      writeFileSync(smallFile, randomBytes(MIB));
      for (let written = 0; written < sizeMiB; written++) appendFileSync(file, randomBytes(MIB));
      const { bareStream, tidemark } = await alternate({
        bareStream: () => runCase("http-artifact.mjs", ["bareStream", sizeMiB, address, file, smallFile]),
        tidemark: () => runCase("http-artifact.mjs", ["tidemark", sizeMiB, address, file, smallFile]),
      });
      for (const [direction, figure] of [
        ["up", "upMiBPerSecond"],
        ["down", "downMiBPerSecond"],
      ]) {
        const rates = `(${tidemark[figure].toFixed(0)} MiB/s against ${bareStream[figure].toFixed(0)} MiB/s)`;
        const what = `${sizeMiB} MiB ${direction}, rate / bare undici stream ${rates}`;
        atLeast("httpArtifact", what, tidemark[figure] / bareStream[figure], 0.8, "x");
      }
      const bare = `(bare stream: ${bareStream.growthMiB.toFixed(1)} MiB)`;
      atMost("httpArtifact", `resident growth meanwhile ${bare}`, tidemark.growthMiB, 64, " MiB", 1);
    });
  },
};
