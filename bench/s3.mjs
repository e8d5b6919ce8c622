// Cases of the bucket's own client and of lists in a bucket, against versitygw. AWS's SDK is what the client is measured by; reading every
// head, as a store without an index has to, what lists are measured by.
import { randomBytes } from "node:crypto";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";
import { alternate, atLeast, atMost, runCase, withDirectory } from "./harness.mjs";
import { sized } from "./options.mjs";
import { storageAddress } from "./s3-server.mjs";

const MIB = 2 ** 20;
const IN_FLIGHT = [1, 16, 64];
/** Runs that have changed since the index was put together. */
const CHANGED_RUNS = 20;

const opener = { "s3/s3-artifacts.ts": ["S3Opener"] };
const readers = {
  ...opener,
  "s3/store/heads.ts": ["checkHead"],
  "s3/store/run-head.ts": ["runHeadSchema"],
};
const rate = (perSecond) => `${perSecond.toFixed(0)} a second`;

export const s3Cases = {
  async s3Objects() {
    const [path, address] = [await bundle("s3-objects", opener), await storageAddress()];
    const count = sized(4_000, 128);
    const variant = (name) => () => runCase("s3-objects.mjs", [name, count, path, address, IN_FLIGHT.join()]);
    const { tidemark, awsSdk } = await alternate({ tidemark: variant("tidemark"), awsSdk: variant("awsSdk") });
    for (const inFlight of IN_FLIGHT) {
      for (const method of ["put", "get"]) {
        const [ours, theirs] = [tidemark, awsSdk].map((figures) => figures[`${method}${inFlight}PerSecond`]);
        const what = `4 KiB ${method.toUpperCase()}, ${inFlight} in flight`;
        const rates = `(${rate(ours)} against ${rate(theirs)})`;
        atLeast("s3Objects", `${what}, rate / @aws-sdk/client-s3 ${rates}`, ours / theirs, 1.5, "x");
        const [cpu, cpuTheirs] = [tidemark, awsSdk].map((figures) => figures[`${method}${inFlight}CpuMs`]);
        const times = `(${cpu.toFixed(2)} ms against ${cpuTheirs.toFixed(2)} ms)`;
        atMost("s3Objects", `${what}, cpu / @aws-sdk/client-s3 ${times}`, cpu / cpuTheirs, 0.5, "x");
      }
    }
  },
  async s3Transfers() {
    const [path, address] = [await bundle("s3-transfers", opener), await storageAddress()];
    const mebibytes = sized(256, 20);
    await withDirectory(async (directory) => {
      const [file, smallFile] = [join(directory, "large.bin"), join(directory, "small.bin")];
      writeFileSync(file, "");
      // As much as is not compressed on the way.
      for (let at = 0; at < mebibytes; at++) appendFileSync(file, randomBytes(MIB));
      writeFileSync(smallFile, randomBytes(MIB));
      const variant = (name) => () => runCase("s3-transfers.mjs", [name, 1, path, address, file, smallFile]);
      const { tidemark, libStorage } = await alternate({
        tidemark: variant("tidemark"),
        libStorage: variant("libStorage"),
      });
      for (const way of ["up", "down"]) {
        const [ours, theirs] = [tidemark, libStorage].map((figures) => figures[`${way}MiBPerSecond`]);
        const rates = `(${ours.toFixed(0)} MiB/s against ${theirs.toFixed(0)} MiB/s)`;
        const peer = way === "up" ? "@aws-sdk/lib-storage" : "@aws-sdk/client-s3 into a file";
        atLeast("s3Transfers", `${mebibytes} MiB ${way}, rate / ${peer} ${rates}`, ours / theirs, 0.9, "x");
      }
      atMost(
        "s3Transfers",
        `growth of resident memory, ${mebibytes} MiB up and down`,
        tidemark.growthMiB,
        64,
        " MiB",
        0,
      );
    });
  },
  async s3Search() {
    const [path, address] = [await bundle("s3-search", readers), await storageAddress()];
    const count = sized(10_000, 500);
    await runCase("s3-search.mjs", ["prepare", count, path, address, CHANGED_RUNS]);
    const variant = (name) => () => runCase("s3-search.mjs", [name, count, path, address, CHANGED_RUNS]);
    const { index, everyHead } = await alternate({ index: variant("index"), everyHead: variant("everyHead") });
    if (index.digest !== everyHead.digest) throw new Error("the two ways found different runs");
    const runs = `search over ${count.toLocaleString("en")} runs in a new process`;
    const changed = `requests beside one for each of ${CHANGED_RUNS} runs that have changed`;
    atMost("s3Search", `${runs}: ${changed}`, index.requests - CHANGED_RUNS, 12, "", 0);
    const times = `(${index.elapsedMs.toFixed(0)} ms against ${everyHead.elapsedMs.toFixed(0)} ms)`;
    const limit = sized(10, 0);
    atLeast(
      "s3Search",
      `${runs}, time of reading every head / time ${times}`,
      everyHead.elapsedMs / index.elapsedMs,
      limit,
      "x",
      1,
    );
  },
};
