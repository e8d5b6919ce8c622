// Cases of the metrics in a bucket, against versitygw: what hyparquet-writer and hyparquet do alone is what they are measured by.
import { bundle } from "./bundle.mjs";
import { alternate, atLeast, atMost, row, runCase } from "./harness.mjs";
import { sized } from "./options.mjs";
import { storageAddress } from "./s3-server.mjs";

const PARTS = {
  "s3/client.ts": ["S3Client"],
  "s3/s3-artifacts.ts": ["S3Opener"],
  "s3/metrics/run-metrics.ts": ["RunMetrics"],
  "s3/metrics/hand-over.ts": ["handOverIntervalMs", "S3_SINK_LIMITS"],
  "queue/metric-queue.ts": ["MetricQueue"],
};

const perSecond = (rate) => `${(rate / 1e6).toFixed(2)} M/s`;

export const s3MetricsCases = {
  async s3Metrics() {
    const [path, address] = [await bundle("s3-metrics", PARTS), await storageAddress()];
    const count = sized(1_000_000, 50_000);
    const variant = (name) => () => runCase("s3-metrics.mjs", [name, count, path, address]);
    const { writer, tidemark, throughQueue } = await alternate({
      writer: variant("writer"),
      tidemark: variant("tidemark"),
      throughQueue: variant("throughQueue"),
    });
    const values = `${count.toLocaleString("en")} values of 20 keys`;
    atMost("s3Metrics", `${values}, put together: bytes a value in the bucket`, tidemark.bytesAValue, 6, " bytes");
    const ratesOf = (rate) => `(${perSecond(rate)} against ${perSecond(writer.valuesPerSecond)})`;
    const against = (what, rate, limit) => {
      const rates = ratesOf(rate);
      atLeast(
        "s3Metrics",
        `${what}, rate / hyparquet-writer alone ${rates}`,
        rate / writer.valuesPerSecond,
        limit,
        "x",
      );
    };
    against("appended", tidemark.appendedPerSecond, 0.8);
    against("appended and put together", tidemark.compactedPerSecond, 0.35);
    for (const [how, figure] of [
      ["appended", "appendedPerSecond"],
      ["appended and put together", "compactedPerSecond"],
    ]) {
      const rate = throughQueue[figure];
      const what = `${how}, value by value through the queue, rate / hyparquet-writer alone ${ratesOf(rate)}`;
      row("s3Metrics", what, `${(rate / writer.valuesPerSecond).toFixed(2)}x`, "any: for the reader", true);
    }
  },
  async s3Hour() {
    const [path, address] = [await bundle("s3-hour", PARTS), await storageAddress()];
    const { puts } = await runCase("s3-metrics.mjs", ["hour", 0, path, address]);
    atMost(
      "s3Hour",
      "PUTs of an hour at 10 metrics a second, put together on the way and at its end",
      puts,
      200,
      "",
      0,
    );
  },
  async s3History() {
    const [path, address] = [await bundle("s3-history", PARTS), await storageAddress()];
    const count = sized(1_000_000, 50_000);
    const { runId } = await runCase("s3-metrics.mjs", ["prepare", count, path, address]);
    const variant = (name) => () => runCase("s3-metrics.mjs", [name, count, path, address, runId]);
    const { history, hyparquet } = await alternate({ history: variant("history"), hyparquet: variant("hyparquet") });
    const rates = `(${perSecond(history.pointsPerSecond)} against ${perSecond(hyparquet.pointsPerSecond)})`;
    const what = `history of ${count.toLocaleString("en")} points, rate / hyparquet reading the same columns ${rates}`;
    atLeast("s3History", what, history.pointsPerSecond / hyparquet.pointsPerSecond, 0.7, "x");
  },
};
