import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { TidemarkError } from "../../../src/base/errors.ts";
import type { RegistryStore } from "../../../src/contract/registry-store.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { thisProcess } from "../../../src/queue/spool/owner.ts";
import type { SyncHolder } from "../../../src/sync/sync-options.ts";
import { Tickets, TURNS_NAME } from "../../../src/sync/turns/tickets.ts";
import type { Turn } from "../../../src/sync/turns/turn.ts";
import { Turns } from "../../../src/sync/turns/turns.ts";
import { withCalls } from "../../support/changed-calls.ts";
import { warnings } from "../../support/warnings.ts";

const PACE = { staleMs: 300, beatMs: 20, pollMs: 5 };
/** A process that shows no sign of life after its first. */
const SILENT = { ...PACE, beatMs: 100_000 };
/** What lists leave out. */
const PROMPTS = { filter: "tags.`mlflow.prompt.is_prompt` = 'true'", maxResults: 100 };
const NEVER = new AbortController().signal;

const newRegistry = () => memoryBackend().registry as RegistryStore;

const turnsOf = (registry: RegistryStore, pace = PACE, onWaiting: (holder: SyncHolder) => void = () => {}) =>
  new Turns({ registry, uri: "memory:", pace, onWaiting });

const isLeft = async (registry: RegistryStore) =>
  await registry.getModel(TURNS_NAME).then(
    () => true,
    () => false,
  );

/** Begins a turn, and lets the test say when it ends. */
function begun(turns: Turns, signal = NEVER) {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let held: Promise<string> | undefined;
  const turn = new Promise<Turn | undefined>((resolve, reject) => {
    held = turns.hold(signal, async (turn) => {
      resolve(turn);
      await ended;
      return "done";
    });
    held.catch(reject);
  });
  turn.catch(() => {});
  return { held: held as Promise<string>, turn, end };
}

/** What has come of something a moment later. */
const soon = async (result: Promise<unknown>) =>
  await Promise.race([result, sleep(PACE.staleMs / 3).then(() => "waits")]);

describe("syncs that take turns", () => {
  it("are at work one after the other, in the order in which they came, and leave nothing", async () => {
    const registry = newRegistry();
    const order: number[] = [];
    let atWork = 0;
    const first = begun(turnsOf(registry));
    await first.turn;
    const others = [];
    for (let i = 0; i < 6; i++) {
      const work = async () => {
        expect(++atWork).toBe(1);
        await sleep(15);
        order.push(i);
        atWork--;
      };
      others.push(turnsOf(registry).hold(NEVER, work));
      await expect.poll(async () => (await new Tickets(registry, "").list()).length).toBe(i + 2);
    }
    expect(order).toEqual([]);
    first.end();
    await Promise.all([first.held, ...others]);
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await isLeft(registry)).toBe(false);
  });

  it("are one at a time also where many come and go at the same moment", async () => {
    const registry = newRegistry();
    let [atWork, most, done] = [0, 0, 0];
    const comeAndGo = async () => {
      for (let round = 0; round < 5; round++) {
        await turnsOf(registry).hold(NEVER, async () => {
          most = Math.max(most, ++atWork);
          await sleep(1);
          done++;
          atWork--;
        });
      }
    };
    await Promise.all(Array.from({ length: 8 }, comeAndGo));
    expect({ most, done, atWork }).toEqual({ most: 1, done: 40, atWork: 0 });
    expect(await isLeft(registry)).toBe(false);
  });

  it("wait for one that lives, however long it takes, and know who it is", async () => {
    const registry = newRegistry();
    const holders: SyncHolder[] = [];
    const first = begun(turnsOf(registry));
    await first.turn;
    const second = begun(turnsOf(registry, PACE, (holder) => holders.push(holder)));
    await sleep(3 * PACE.staleMs);
    const { host, pid } = thisProcess();
    expect(holders).toEqual([{ host, pid, since: expect.any(Number) }]);
    expect(await soon(second.turn)).toBe("waits");
    first.end();
    await second.turn;
    second.end();
    await expect(second.held).resolves.toBe("done");
  });

  it("take the place of one that shows no sign of life, which stops when it goes on", async () => {
    const registry = newRegistry();
    const silent = begun(turnsOf(registry, SILENT));
    const lost = await silent.turn;
    // Both see it die, and one of them may go on.
    const [one, other] = [begun(turnsOf(registry)), begun(turnsOf(registry))];
    const winner = await Promise.race([one, other].map((each) => each.turn.then(() => each)));
    const waiting = winner === one ? other : one;
    expect(lost?.loss.aborted).toBe(false);
    await expect(lost?.confirm()).rejects.toMatchObject({ code: "LOCK_LOST" });
    expect(lost?.loss.aborted).toBe(true);
    silent.end();
    await expect(silent.held).rejects.toMatchObject({ code: "LOCK_LOST" });
    // The ticket of the one that has its place now is still there.
    await (await winner.turn)?.renew();
    expect(await soon(waiting.turn)).toBe("waits");
    winner.end();
    await waiting.turn;
    waiting.end();
    await Promise.all([one.held, other.held]);
    expect(await isLeft(registry)).toBe(false);
  });

  it("end with LOCK_LOST where the turn was lost without a write", async () => {
    const registry = newRegistry();
    const silent = begun(turnsOf(registry, SILENT));
    await silent.turn;
    const next = begun(turnsOf(registry));
    await next.turn;
    silent.end();
    await expect(silent.held).rejects.toMatchObject({ code: "LOCK_LOST" });
    next.end();
    await expect(next.held).resolves.toBe("done");
  });

  it("stop by themselves when they find out", async () => {
    const registry = newRegistry();
    const held = turnsOf(registry).hold(NEVER, async (_turn, signal) => {
      const [ticket] = await new Tickets(registry, "").list();
      await registry.deleteVersion({ name: TURNS_NAME, version: ticket?.number ?? 0 });
      await sleep(10_000, undefined, { signal });
    });
    await expect(held).rejects.toMatchObject({ code: "LOCK_LOST", cause: { name: "AbortError" } });
  });

  it("keep the turn where nobody wanted it meanwhile", async () => {
    const registry = newRegistry();
    const silent = begun(turnsOf(registry, SILENT));
    const turn = await silent.turn;
    await sleep(2 * PACE.staleMs);
    await expect(turn?.confirm()).resolves.toBeUndefined();
    silent.end();
    await expect(silent.held).resolves.toBe("done");
    expect(await isLeft(registry)).toBe(false);
  });

  it("do not wait for a process of this machine that is gone", async () => {
    const registry = newRegistry();
    const { pid } = spawnSync(process.execPath, ["--version"]);
    await turnsOf(registry).hold(NEVER, async () => {
      const [{ tags = {} } = {}] = (await registry.searchVersions(PROMPTS)).items;
      const { startedAt: _started, ...owner } = thisProcess();
      await registry.createVersion({
        name: TURNS_NAME,
        source: "x",
        tags: { ...tags, "tidemark.syncLock.nonce": "gone", "tidemark.process": JSON.stringify({ ...owner, pid }) },
      });
    });
    const patient = { ...PACE, staleMs: 1_000_000 };
    await expect(turnsOf(registry, patient).hold(NEVER, async () => "done")).resolves.toBe("done");
    expect(await isLeft(registry)).toBe(false);
  });

  it("leave the queue when they are stopped", async () => {
    const registry = newRegistry();
    const first = begun(turnsOf(registry));
    await first.turn;
    const stop = new AbortController();
    const second = turnsOf(registry).hold(stop.signal, async () => "done");
    await expect.poll(async () => (await new Tickets(registry, "").list()).length).toBe(2);
    stop.abort();
    await expect(second).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await new Tickets(registry, "").list()).toHaveLength(1);
    first.end();
    await first.held;
  });

  it("leave it when the work fails, and say why it did", async () => {
    const registry = newRegistry();
    const failure = new Error("full");
    const held = turnsOf(registry).hold(NEVER, async () => {
      throw failure;
    });
    await expect(held).rejects.toBe(failure);
    expect(await isLeft(registry)).toBe(false);
  });

  it("have one ticket each, also where answers are lost", async () => {
    const registry = newRegistry();
    let lost = 0;
    const forgetful = withCalls(registry, {
      createVersion: async (input) => {
        await registry.createVersion(input);
        lost++;
        throw new TidemarkError("TEMPORARILY_UNAVAILABLE", "no answer");
      },
    });
    await turnsOf(forgetful).hold(NEVER, async () => {
      expect(await new Tickets(registry, "").list()).toHaveLength(1);
    });
    expect(lost).toBe(1);
    expect(await isLeft(registry)).toBe(false);
  });

  it("give up where a store does not list what they have drawn", async () => {
    const registry = newRegistry();
    const hiding = withCalls(registry, { searchVersions: async () => ({ items: [] }) });
    await expect(turnsOf(hiding).hold(NEVER, async () => "done")).rejects.toMatchObject({ code: "INVALID_STATE" });
    expect((await registry.searchVersions(PROMPTS)).items.length).toBeLessThan(30);
  });

  it("give up where a store refuses to make what they need", async () => {
    const registry = newRegistry();
    const error = new TidemarkError("INVALID_PARAMETER_VALUE", "no source like this");
    const refusing = withCalls(registry, {
      createVersion: async () => {
        throw error;
      },
    });
    await expect(turnsOf(refusing).hold(NEVER, async () => "done")).rejects.toBe(error);
  });

  it("do not touch a model that a person has given the name, nor its versions", async () => {
    const registry = newRegistry();
    await registry.createModel({ name: TURNS_NAME, tags: { "mlflow.prompt.is_prompt": "true" } });
    await registry.createVersion({
      name: TURNS_NAME,
      source: "x",
      tags: { "mlflow.prompt.is_prompt": "true" },
    });
    await expect(turnsOf(registry).hold(NEVER, async () => "done")).resolves.toBe("done");
    await expect(registry.getVersion({ name: TURNS_NAME, version: 1 })).resolves.toMatchObject({ source: "x" });
    expect((await registry.searchVersions(PROMPTS)).items).toHaveLength(1);
  });

  it("go on without where nobody lets them make a model, and say so", async () => {
    const registry = newRegistry();
    const denied = withCalls(registry, {
      createModel: async () => {
        throw new TidemarkError("PERMISSION_DENIED", "no");
      },
    });
    const said = warnings();
    await expect(turnsOf(denied).hold(NEVER, async (turn) => turn ?? "without")).resolves.toBe("without");
    expect(said).toEqual([expect.stringContaining("nothing keeps other syncs")]);
  });

  /** A user who may make a model, and versions of no other one's. */
  function otherUser(registry: RegistryStore): RegistryStore {
    let isOwn = false;
    return withCalls(registry, {
      createModel: async (input) => {
        const model = await registry.createModel(input);
        isOwn = true;
        return model;
      },
      createVersion: async (input) => {
        if (!isOwn) throw new TidemarkError("PERMISSION_DENIED", "no");
        return await registry.createVersion(input);
      },
    });
  }

  it("wait for the sync of another user", async () => {
    const registry = newRegistry();
    const holders: SyncHolder[] = [];
    const first = begun(turnsOf(registry));
    await first.turn;
    const second = begun(turnsOf(otherUser(registry), PACE, (holder) => holders.push(holder)));
    await sleep(2 * PACE.staleMs);
    expect(await soon(second.turn)).toBe("waits");
    expect(holders).toMatchObject([{ pid: process.pid }]);
    first.end();
    await second.turn;
    second.end();
    await expect(second.held).resolves.toBe("done");
  });

  it("say what is in the way where the sync of another user is dead", async () => {
    const registry = newRegistry();
    const silent = begun(turnsOf(registry, SILENT));
    await silent.turn;
    const second = begun(turnsOf(otherUser(registry)));
    await expect(second.held).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining(TURNS_NAME),
    });
    silent.end();
    await silent.held;
  });
});
