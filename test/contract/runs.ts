import type { DatasetInput } from "../../src/schema/dataset.ts";
import { allPages } from "./batches.ts";
import { expect, expectThat } from "./expect.ts";
import type { ContractTests } from "./subject.ts";

const DIGITS_INPUT: DatasetInput = {
  dataset: { name: "digits", digest: "abc123", sourceType: "code", source: "{}" },
  tags: { "mlflow.data.context": "training" },
};

export const runTests: ContractTests = {
  "come back as they were created": async ({ backend, experimentId, newRun }) => {
    const input = {
      name: "first: run",
      startTime: 1_700_000_000_123,
      userId: "ann",
      tags: { note: "a\nb", empty: "" },
    };
    const run = await newRun(input);
    expect(run).toMatchObject({
      experimentId,
      name: "first: run",
      userId: "ann",
      status: "RUNNING",
      startTime: 1_700_000_000_123,
      lifecycleStage: "active",
      params: {},
      metrics: {},
      latestMetrics: [],
      inputs: [],
      modelInputs: [],
      modelOutputs: [],
    });
    expect(run.tags).toEqual({ ...input.tags, "mlflow.runName": "first: run" });
    expect(run.endTime).toBe(undefined);
    expect(await backend.tracking.getRun(run.id)).toEqual(run);
  },

  "get a name where nobody gave one, or that of the tag": async ({ newRun }) => {
    expect((await newRun()).name).toMatch(/^[a-z]+-[a-z]+-\d+$/);
    expect((await newRun({ tags: { "mlflow.runName": "by tag" } })).name).toBe("by tag");
  },

  "that are missing are said so": async ({ backend }) => {
    const missing = { code: "RESOURCE_DOES_NOT_EXIST" };
    const id = "0".repeat(32);
    await expectThat(backend.tracking.getRun(id)).toReject(missing);
    await expectThat(backend.tracking.getRun("../../etc")).toReject(missing);
    await expectThat(backend.tracking.updateRun({ runId: id, status: "FAILED" })).toReject(missing);
    await expectThat(backend.tracking.metricHistory(id, "loss")).toReject(missing);
    await expectThat(backend.tracking.openSink(id)).toReject(missing);
    await expectThat(backend.tracking.deleteTag(id, "a")).toReject(missing);
  },

  "change status, end and name, and nothing else": async ({ backend, newRun }) => {
    const run = await newRun({ tags: { a: "1" } });
    await backend.tracking.updateRun({ runId: run.id, status: "FINISHED", endTime: 1_700_000_000_999 });
    expect(await backend.tracking.getRun(run.id)).toEqual({
      ...run,
      status: "FINISHED",
      endTime: 1_700_000_000_999,
    });
    await backend.tracking.updateRun({ runId: run.id, status: "RUNNING" });
    expect((await backend.tracking.getRun(run.id)).status).toBe("RUNNING");
    await backend.tracking.updateRun({ runId: run.id, name: "yes" });
    const renamed = await backend.tracking.getRun(run.id);
    expect(renamed.name).toBe("yes");
    expect(renamed.tags).toEqual({ a: "1", "mlflow.runName": "yes" });
  },

  "are renamed by their tag too": async ({ backend, newRun, write }) => {
    const run = await newRun();
    await write(run.id, { tags: [{ key: "mlflow.runName", value: "by: tag" }] });
    expect((await backend.tracking.getRun(run.id)).name).toBe("by: tag");
  },

  "are listed in pages, newest first, each once, whatever comes meanwhile": async ({
    backend,
    can,
    experimentId,
    newRun,
  }) => {
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.push((await newRun({ startTime: 1_700_000_000_000 + Math.floor(i / 2) })).id);
    const query = { experimentIds: [experimentId], viewType: "active" as const };
    const first = await backend.tracking.searchRuns({ ...query, maxResults: 3 });
    const newcomer = can.stablePages ? await newRun({ startTime: 1_800_000_000_000 }) : undefined;
    const rest = await allPages(
      (paging) => backend.tracking.searchRuns({ ...query, ...paging }),
      3,
      first.nextPageToken,
    );
    const found = [...first.items, ...rest];
    expect(found.map((run) => run.id).sort()).toEqual([...ids].sort());
    expect(found.some((run) => run.id === newcomer?.id)).toBe(false);
    const order = found.map((run) => `${9e15 - run.startTime} ${run.id}`);
    expect(order).toEqual([...order].sort());
  },

  "of other experiments are not listed, and an experiment without runs has none": async ({ backend, newRun }) => {
    await newRun();
    const other = await backend.tracking.createExperiment({ name: "empty" });
    const { items, nextPageToken } = await backend.tracking.searchRuns({
      experimentIds: [other],
      viewType: "all",
      maxResults: 10,
    });
    expect([items, nextPageToken]).toEqual([[], undefined]);
  },

  "are deleted and restored, and take nothing while they are deleted": async ({ backend, experimentId, newRun }) => {
    const run = await newRun();
    const kept = await newRun();
    for (let repeat = 0; repeat < 2; repeat++) await backend.tracking.deleteRun(run.id);
    expect(await backend.tracking.getRun(run.id)).toEqual({ ...run, lifecycleStage: "deleted" });
    const shown = async (viewType: "active" | "deleted" | "all") => {
      const query = { experimentIds: [experimentId], viewType, maxResults: 10 };
      return (await backend.tracking.searchRuns(query)).items.map(({ id }) => id).sort();
    };
    expect(await shown("active")).toEqual([kept.id]);
    expect(await shown("deleted")).toEqual([run.id]);
    expect(await shown("all")).toEqual([kept.id, run.id].sort());
    const refused = { code: "INVALID_STATE" };
    await expectThat(backend.tracking.openSink(run.id)).toReject(refused);
    await expectThat(backend.tracking.updateRun({ runId: run.id, name: "x" })).toReject(refused);
    await expectThat(backend.tracking.deleteTag(run.id, "mlflow.runName")).toReject(refused);
    for (let repeat = 0; repeat < 2; repeat++) await backend.tracking.restoreRun(run.id);
    expect(await backend.tracking.getRun(run.id)).toEqual(run);
    await expectThat(backend.tracking.deleteRun("0".repeat(32))).toReject({
      code: "RESOURCE_DOES_NOT_EXIST",
    });
  },

  "are found by what they hold, in the order asked for": async ({ backend, experimentId, newRun, write }) => {
    const points = (value: number) => [{ key: "loss", value, step: 0, timestamp: 1 }];
    const first = await newRun({ name: "first", startTime: 1, tags: { team: "vision" } });
    await write(first.id, { points: points(0.5), params: [{ key: "lr", value: "0.1" }] });
    const second = await newRun({ name: "second", startTime: 2 });
    await write(second.id, { points: points(Number.NaN), inputs: [DIGITS_INPUT] });
    const third = await newRun({ name: "third", startTime: 3, tags: { team: "text" } });
    await write(third.id, { points: points(0.25) });
    const names = async (filter: string | undefined, ...orderBy: string[]) => {
      const query = { experimentIds: [experimentId], viewType: "active" as const, maxResults: 10, orderBy };
      const { items } = await backend.tracking.searchRuns({
        ...query,
        ...(filter === undefined ? {} : { filter }),
      });
      return items.map(({ name }) => name);
    };
    expect(await names(undefined)).toEqual(["third", "second", "first"]);
    expect(await names("metrics.loss < 1")).toEqual(["third", "first"]);
    expect(await names("metrics.loss < 1", "metrics.loss DESC")).toEqual(["first", "third"]);
    expect(await names(undefined, "metrics.loss")).toEqual(["third", "first", "second"]);
    expect(await names("params.lr = '0.1' AND tags.team LIKE 'v%'")).toEqual(["first"]);
    expect(await names("tags.team IS NULL")).toEqual(["second"]);
    expect(await names("dataset.name = 'digits' AND dataset.context = 'training'")).toEqual(["second"]);
    expect(await names("start_time >= 2", "attributes.run_name")).toEqual(["second", "third"]);
    expect(await names(`run_id IN ('${first.id}', 'none')`)).toEqual(["first"]);
    const position = { details: { argument: "filter", position: 15 } };
    await expectThat(names("metrics.loss > 'high'")).toReject(position);
  },

  "refuse a page token that is none": async ({ backend, experimentId }) => {
    const query = {
      experimentIds: [experimentId],
      viewType: "all" as const,
      maxResults: 10,
      pageToken: "garbage!",
    };
    await expectThat(backend.tracking.searchRuns(query)).toReject({ code: "INVALID_PARAMETER_VALUE" });
  },
};
