import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { noSuchArtifact } from "../../../src/base/store-errors.ts";
import type { ArtifactStore } from "../../../src/contract/artifact-store.ts";
import { connect, startRun, TidemarkError } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { report } from "../../../src/report/index.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";

/** A run with two pictures and a table, reported from a store that does something wrong. */
async function reportFrom(change: (store: ArtifactStore) => Partial<ArtifactStore>) {
  const backend = memoryBackend();
  const client = await connect(backend);
  const run = await startRun({ client, captureEnvironment: false });
  const picture = { data: new Uint8Array(64 * 64).map((_, at) => (at * 31) % 256), width: 64, height: 64 };
  for (const name of ["a", "b"]) await run.logImage(picture, `${name}.png`);
  await run.logTable([{ answer: 42 }], "faq.json");
  await run.end();
  const artifacts = (uri: string) => {
    const store = backend.artifacts(uri);
    const { list, read, write, upload, download } = store;
    const kept = Object.entries({ list, read, write, upload, download, delete: store.delete });
    const bound = Object.fromEntries(kept.map(([name, call]) => [name, call.bind(store)]));
    return { uri, ...bound, ...change(store) } as ArtifactStore;
  };
  const file = join(temporaryDirectory(), "report.html");
  const options = { client: await connect({ ...backend, artifacts }), file, maxImageBytes: 50, maxFileBytes: 20 };
  const { leftOut } = await report(run.id, options);
  return leftOut.map(({ what, name, why }) => `${what} ${name} ${why}`);
}

describe("a report of a store that cannot be trusted", () => {
  it("stops where a file is larger than its listing says", async () => {
    const tiny = await reportFrom((store) => ({
      list: async (directory) =>
        (await store.list(directory)).map((one) => (one.isDirectory ? one : { ...one, sizeBytes: 1 })),
    }));
    expect(tiny).toEqual([
      "table faq.json has more than 20 bytes",
      "image a.png has more than 50 bytes",
      "image b.png has more than 50 bytes",
    ]);
  });

  it("goes on without a file that is gone, or cannot be read", async () => {
    const gone = await reportFrom((store) => ({
      list: async (directory) =>
        (await store.list(directory)).map((one) => (one.isDirectory ? one : { ...one, sizeBytes: 1 })),
      read: async (path) => {
        if (path === "a.png") throw noSuchArtifact(path, "memory:");
        throw new TidemarkError("TEMPORARILY_UNAVAILABLE", "not now");
      },
    }));
    expect(gone).toEqual([
      "table faq.json not now",
      'image a.png there is no artifact "a.png" in memory:',
      "image b.png not now",
    ]);
  });

  it("says that files cannot be listed", async () => {
    const unlisted = await reportFrom(() => ({
      list: async () => {
        throw new TidemarkError("PERMISSION_DENIED", "no entry");
      },
    }));
    expect(unlisted[0]).toMatch(/^file memory:.* no entry$/);
  });

  it("follows no path out of the run, and no listing without end", async () => {
    const endless = await reportFrom((store) => ({
      list: async (directory) => [
        { path: "../../secret.png", isDirectory: false, sizeBytes: 1 },
        { path: "/etc", isDirectory: true },
        { path: directory === undefined ? "deep" : `${directory}/deep`, isDirectory: true },
      ],
      read: (path) => store.read(path),
    }));
    expect(endless.filter((line) => line.includes("secret"))).toEqual([]);
    expect(endless.join("\n")).toMatch(/^file (deep\/){300}.*only the first 0 files are listed$/m);
  });
});
