import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Client, connect } from "../../src/index.ts";
import { type SyncHolder, sync } from "../../src/sync/index.ts";
import { syncAtPace } from "../../src/sync/sync.ts";
import { Tickets, TURNS_NAME } from "../../src/sync/turns/tickets.ts";
import { withCalls } from "../support/changed-calls.ts";
import { startTidemark, tidemark } from "../support/command-line.ts";
import { fillDirectory, syncToTheEnd } from "../support/interrupted-sync.ts";
import { startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { contentOf } from "../support/synced-stores.ts";
import { TrainingChild } from "../support/training-child.ts";

const PATIENCE = { timeout: 60_000, interval: 20 };
/** Faster than programs have it. */
const PACE = { staleMs: 2_000, beatMs: 200, pollMs: 50 };

/** What a server cannot keep. Runs in the trash count: two that were made of one would be there. */
const ALIKE = { keepsIds: false, keepsModelIds: false };

/** Names of all that the registry keeps, of what lists leave out too. */
async function registeredNames({ registry }: Client): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of registry.searchModels()) names.push(name);
  const filter = "tags.`mlflow.prompt.is_prompt` = 'true'";
  for await (const { name } of registry.searchModels({ filter })) names.push(name);
  return names.sort();
}

async function filled() {
  const source = join(temporaryDirectory(), "mlruns");
  await fillDirectory(source, 6, 200);
  return { source, expected: await contentOf(await connect(source), ALIKE) };
}

async function startedServer() {
  const server = await startMlflowServer({});
  onTestFinished(() => server.kill());
  const to = await connect(server.address);
  onTestFinished(() => to.close());
  return { server, to };
}

/** A source that says nothing more from the n-th run on that it is asked for, until it may go on. */
function standingStill({ backend }: Client, nth: number) {
  let [goOn, reach] = [() => {}, () => {}];
  const mayGoOn = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  let asked = 0;
  const { importer: _none, ...rest } = backend;
  const tracking = withCalls(backend.tracking, {
    getRun: async (id) => {
      if (++asked === nth) {
        reach();
        await mayGoOn;
      }
      return await backend.tracking.getRun(id);
    },
  });
  return { backend: { ...rest, tracking, artifacts: (uri: string) => backend.artifacts(uri) }, reached, goOn };
}

/** A target that counts how many runs are written to. */
function withCountedSinks({ backend }: Client) {
  const sinks = { count: 0 };
  const tracking = withCalls(backend.tracking, {
    openSink: async (id) => {
      sinks.count++;
      return await backend.tracking.openSink(id);
    },
  });
  return { backend: withCalls(backend, { tracking }), sinks };
}

describe.skipIf(leftOut("python"))("syncs to one MLflow server at once", () => {
  for (const count of [2, 4]) {
    it(`are one after the other: ${count} programs make one copy`, async () => {
      const { source, expected } = await filled();
      const { server, to } = await startedServer();
      const answers = await Promise.all(Array.from({ length: count }, () => syncToTheEnd(source, server.address)));
      expect(answers.flatMap(({ conflicts, failures }) => [...conflicts, ...failures])).toEqual([]);
      expect(answers.filter(({ isEqual }) => !isEqual)).toHaveLength(1);
      expect(await contentOf(to, ALIKE)).toEqual(expected);
      expect(await registeredNames(to)).toEqual(["digits", "empty"]);
    });
  }

  it("go on after one that was killed", async () => {
    const { source } = await filled();
    const { server, to } = await startedServer();
    const child = new TrainingChild("sync.mjs", { from: source, to: server.address }, source);
    await expect.poll(async () => (await to.experiments.search().page()).items.length, PATIENCE).toBeGreaterThan(1);
    child.process.kill("SIGKILL");
    await child.ended;
    expect(await registeredNames(to)).toEqual([TURNS_NAME]);
    const holders: SyncHolder[] = [];
    const onProgress = ({ waitsFor }: { readonly waitsFor?: SyncHolder }) => {
      if (waitsFor !== undefined) holders.push(waitsFor);
    };
    const report = await sync({ from: source, to, onProgress });
    expect(report).toMatchObject({ conflicts: [], failures: [], isEqual: false });
    expect(holders).toEqual([{ host: hostname(), pid: child.process.pid, since: expect.any(Number) }]);
    // A run whose making was cut off is made again, and the first of the two is in the trash.
    const inUse = { ...ALIKE, active: true };
    expect(await contentOf(to, inUse)).toEqual(await contentOf(await connect(source), inUse));
    expect(await registeredNames(to)).toEqual(["digits", "empty"]);
    expect(await sync({ from: source, to })).toMatchObject({ isEqual: true });
  });

  it("stop where another one has gone on in their place", async () => {
    const { source, expected } = await filled();
    const { server, to } = await startedServer();
    const from = await connect(source);
    const stop = standingStill(from, 4);
    const other = await connect(server.address);
    onTestFinished(() => other.close());
    const { backend, sinks } = withCountedSinks(other);
    const first = syncAtPace({ from: stop.backend, to: backend, concurrency: 1 }, { ...PACE, beatMs: 1_000_000 });
    first.catch(() => {});
    await stop.reached;
    expect(await syncAtPace({ from, to }, PACE)).toMatchObject({ conflicts: [], failures: [], isEqual: false });
    const written = sinks.count;
    stop.goOn();
    await expect(first).rejects.toMatchObject({ code: "LOCK_LOST" });
    expect(written).toBeGreaterThan(0);
    expect(sinks.count).toBe(written);
    expect(await sync({ from, to })).toMatchObject({ isEqual: true });
    expect(await contentOf(to, ALIKE)).toEqual(expected);
    expect(await registeredNames(to)).toEqual(["digits", "empty"]);
  });

  it("wait in the command line and say for whom, until Ctrl+C; lists and copies leave out what they wait for", async () => {
    const { source } = await filled();
    const { server, to } = await startedServer();
    const registry = to.backend.registry as NonNullable<typeof to.backend.registry>;
    const other = new Tickets(registry, "other");
    await other.draw();
    const owner = JSON.stringify({ host: "other-machine", pid: 4242 });
    await registry.setVersionTag({ name: TURNS_NAME, version: 1 }, { key: "tidemark.process", value: owner });
    const waiting = startTidemark(source, "sync", source, server.address);
    const text = "waiting for the sync of process 4242 on other-machine";
    await expect.poll(() => waiting.said.stderr, PATIENCE).toContain(text);
    expect(await registeredNames(to)).toEqual([TURNS_NAME]);
    expect((await tidemark(source, "models", "list", "--uri", server.address)).stdout).not.toContain(TURNS_NAME);
    const back = await connect(join(temporaryDirectory(), "mlruns"));
    expect(await sync({ from: to, to: back })).toMatchObject({ failures: [], copied: { registeredModels: 0 } });
    waiting.child.kill("SIGINT");
    expect(await waiting.ended).toBe(130);
    expect(await other.list()).toMatchObject([{ nonce: "other" }]);
    await other.leave();
    expect(await registeredNames(to)).toEqual([]);
  });
});
