import { describe, expect, it, onTestFinished } from "vitest";
import { type Client, connect } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { SYNCED_FROM_STORE_TAG, SYNCED_FROM_TAG, sync } from "../../../src/sync/index.ts";
import { TURNS_NAME } from "../../../src/sync/turns/tickets.ts";
import { withCalls } from "../../support/changed-calls.ts";
import { contentOf, fillStore } from "../../support/synced-stores.ts";

const ALIKE = { keepsIds: false, keepsModelIds: false };
const PATIENCE = { timeout: 15_000, interval: 20 };

async function filled() {
  const from = await connect(memoryBackend());
  await fillStore(from, { awkward: false });
  return from;
}

/** A store that gives ids by itself, as a server does; and how many turns there were. */
async function counting() {
  const { importer: _none, ...backend } = memoryBackend();
  const turns = { count: 0 };
  const store = backend.registry as NonNullable<typeof backend.registry>;
  const registry = withCalls(store, {
    createModel: async (input) => {
      if (input.name === TURNS_NAME) turns.count++;
      return await store.createModel(input);
    },
  });
  return { to: await connect({ ...backend, registry }), turns };
}

const isLeft = async ({ registry }: Client) =>
  await registry.getModel(TURNS_NAME).then(
    () => true,
    () => false,
  );

describe("sync to a store that gives ids by itself", () => {
  it("takes one turn, and leaves nothing of it", async () => {
    const [from, { to, turns }] = [await filled(), await counting()];
    expect(await sync({ from, to, dryRun: true })).toMatchObject({ failures: [] });
    expect(turns.count).toBe(0);
    expect(await sync({ from, to })).toMatchObject({ conflicts: [], failures: [] });
    expect(turns.count).toBe(1);
    expect(await isLeft(to)).toBe(false);
    expect(await sync({ from, to })).toMatchObject({ isEqual: true });
    expect(await isLeft(to)).toBe(false);
  });

  it("makes one copy where four do it at once", async () => {
    const [from, { to, turns }] = [await filled(), await counting()];
    const reports = await Promise.all([1, 2, 3, 4].map(() => sync({ from, to })));
    expect(reports.flatMap(({ conflicts, failures }) => [...conflicts, ...failures])).toEqual([]);
    expect(reports.filter(({ isEqual }) => isEqual)).toHaveLength(3);
    expect(await contentOf(to, ALIKE)).toEqual(await contentOf(from, ALIKE));
    expect(turns.count).toBeGreaterThanOrEqual(4);
  });

  it("puts a second copy of a run, that syncs have left which were cut off, into the trash", async () => {
    const [from, { to }] = [await filled(), await counting()];
    await sync({ from, to });
    const experimentId = (await to.experiments.getByName("digits <b>名前</b>"))?.id ?? "";
    const [copy] = (
      await to.runs.search({ experimentIds: [experimentId], filter: "attributes.run_name = 'open'" }).page()
    ).items;
    const { [SYNCED_FROM_TAG]: origin = "", [SYNCED_FROM_STORE_TAG]: store = "" } = copy?.tags ?? {};
    const tags = { [SYNCED_FROM_TAG]: origin, [SYNCED_FROM_STORE_TAG]: store };
    await to.runs.create({ experimentId, name: "open", startTime: copy?.startTime, tags });
    expect(await sync({ from, to })).toMatchObject({ conflicts: [], failures: [] });
    const inUse = { ...ALIKE, active: true };
    expect(await contentOf(to, inUse)).toEqual(await contentOf(from, inUse));
  });

  it("that follows takes a turn for every look that finds something, and none for others", async () => {
    const [from, { to, turns }] = [await filled(), await counting()];
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    let looks = 0;
    const tracking = withCalls(from.backend.tracking, {
      searchExperiments: async (query) => {
        looks++;
        return await from.backend.tracking.searchExperiments(query);
      },
    });
    const watched = withCalls(from.backend, { tracking });
    const following = sync({ from: watched, to, follow: true, signal: stop.signal });
    following.catch(() => {});
    await expect.poll(() => looks, PATIENCE).toBeGreaterThan(3);
    expect(turns.count).toBe(1);
    expect(await isLeft(to)).toBe(false);
    await from.runs.create({ experimentId: "0", name: "later" });
    const isThere = async () => (await to.runs.search({ experimentIds: ["0"] }).page()).items.length;
    await expect.poll(isThere, PATIENCE).toBe(1);
    await expect.poll(() => isLeft(to), PATIENCE).toBe(false);
    const before = looks;
    await expect.poll(() => looks, PATIENCE).toBeGreaterThan(before + 1);
    expect(turns.count).toBe(2);
    stop.abort();
    expect(await following).toMatchObject({ conflicts: [], failures: [], copied: { runs: 5 } });
  });
});
