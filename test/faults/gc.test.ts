import { readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { newLocalRunId } from "../../src/base/ids.ts";
import { connect } from "../../src/connect/connect.ts";
import { Spool } from "../../src/queue/spool/spool.ts";
import { gc } from "../../src/sync/gc/gc.ts";
import { leftOut } from "../support/peers.ts";

const DAY_MS = 24 * 3_600_000;

describe.skipIf(leftOut("python"))("gc at a server", () => {
  const address = inject("mlflowAddress");

  async function open() {
    const client = await connect(address);
    onTestFinished(() => client.close());
    return client;
  }

  it("says that the server deletes nothing for good by its interface, and what does", async () => {
    const asked = gc({ store: await open(), dryRun: false });
    await expect(asked).rejects.toMatchObject({
      code: "NOT_IMPLEMENTED",
      message: expect.stringContaining("mlflow gc"),
    });
  });

  it("deletes what the spool holds of runs that are gone, when it is old and nobody works on it", async () => {
    const client = await open();
    const spool = new Spool(client.backend.remote?.identity as string);
    const { id } = await client.runs.create({ experimentId: "0" });
    const leave = (runId: string | undefined, days: number) => {
      const header = {
        format: 1,
        backend: address,
        localRunId: newLocalRunId(),
        name: "left",
        createdAt: Date.now(),
      } as const;
      const entry = spool.create({ ...header, ...(runId === undefined ? {} : { runId }) });
      entry.release();
      const seconds = (Date.now() - days * DAY_MS) / 1_000;
      for (const name of readdirSync(entry.directory)) utimesSync(join(entry.directory, name), seconds, seconds);
      return entry.directory;
    };
    const gone = leave("0123456789abcdef0123456789abcdef", 31);
    const others = [leave("0123456789abcdef0123456789abcdee", 1), leave(id, 31), leave(undefined, 31)];
    const owned = spool.create({
      format: 1,
      backend: address,
      localRunId: newLocalRunId(),
      name: "open",
      createdAt: 0,
      runId: "gone",
    });
    const dry = await gc({ store: client, spools: true });
    expect(dry.purged).toMatchObject([{ kind: "spool", name: "left", place: gone }]);
    expect(spool.left().sort()).toEqual([gone, ...others].sort());
    expect((await gc({ store: client, spools: true, dryRun: false })).purged).toMatchObject([{ place: gone }]);
    expect(spool.left().sort()).toEqual(others.sort());
    owned.remove();
    for (const directory of others) spool.claim(directory)?.remove();
  });
});
