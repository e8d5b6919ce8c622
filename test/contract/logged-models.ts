import type { Batch, Series } from "../../src/contract/batch.ts";
import { seriesBatch } from "./batches.ts";
import { expect, expectThat } from "./expect.ts";
import type { ContractTests } from "./subject.ts";

const missing = { code: "RESOURCE_DOES_NOT_EXIST" };

export const loggedModelTests: ContractTests = {
  "come back as they were created": async ({ experimentId, newRun, newModel, models }) => {
    const { id: sourceRunId } = await newRun();
    const input = { name: "digits 名前", sourceRunId, modelType: "cnn", params: { depth: "4" }, tags: { a: "x\ny" } };
    const model = await newModel(input);
    expect(model).toMatchObject({ ...input, experimentId: experimentId, status: "PENDING", metrics: [] });
    expect(model.id).toMatch(/^m-[0-9a-f]{32}$/);
    expect(model.artifactLocation.includes(model.id)).toBe(true);
    expect(await models.get(model.id)).toEqual(model);
    const bare = await newModel();
    expect(bare.name).toMatch(/^[a-z]+-[a-z]+-\d+$/);
    expect(Object.hasOwn(bare, "modelType")).toBe(false);
    expect(Object.hasOwn(bare, "sourceRunId")).toBe(false);
  },

  "that are missing are said so": async ({ newModel, models }) => {
    for (const id of [`m-${"0".repeat(32)}`, "../../etc", ".."]) {
      await expectThat(models.get(id)).toReject(missing);
      await expectThat(models.delete(id)).toReject(missing);
      await expectThat(models.finalize(id, "READY")).toReject(missing);
    }
    await expectThat(newModel({ experimentId: "4711" })).toReject(missing);
  },

  "are finalised, get params and tags, and are deleted": async ({ experimentId, newModel, models }) => {
    const { id } = await newModel({ tags: { a: "1" } });
    expect((await models.finalize(id, "READY")).status).toBe("READY");
    await models.logParams(id, { depth: "4", "a/b": "" });
    await models.setTags(id, { a: "2", b: "3" });
    await models.deleteTag(id, "b");
    await expectThat(models.deleteTag(id, "b")).toReject(missing);
    expect(await models.get(id)).toMatchObject({
      status: "READY",
      params: { depth: "4", "a/b": "" },
      tags: { a: "2" },
    });
    await models.delete(id);
    await expectThat(models.get(id)).toReject(missing);
    expect((await models.search({ experimentIds: [experimentId], maxResults: 10 })).items).toEqual([]);
  },

  "have the latest value of every metric and dataset that runs measured on them": async ({
    backend,
    newRun,
    newModel,
    write,
    models,
  }) => {
    const [{ id: modelId }, run] = [await newModel(), await newRun()];
    const digits = { name: "digits", digest: "abc" };
    const series: Series[] = [{ key: "loss", modelId }, { key: "loss", modelId, dataset: digits }, { key: "loss" }];
    await write(
      run.id,
      valuesOf(series, [
        [0, 0.5, 0],
        [0, 0.25, 1],
        [1, Number.NaN, 0],
        [1, 2, 0],
        [2, 9, 9],
      ]),
    );
    const runId = run.id;
    expect((await models.get(modelId)).metrics).toEqual([
      { key: "loss", value: 0.25, step: 1, timestamp: 1_002, runId },
      { key: "loss", value: 2, step: 0, timestamp: 1_004, runId, datasetName: "digits", datasetDigest: "abc" },
    ]);
    const { values } = await backend.tracking.metricHistory(run.id, "loss");
    expect([...values].sort()).toEqual([0.25, 0.5, 2, 9, Number.NaN]);
  },

  "are told which values of a run were measured on them, and the run keeps each once": async ({
    backend,
    newRun,
    newModel,
    write,
    models,
  }) => {
    const [{ id: modelId }, { id: runId }] = [await newModel(), await newRun()];
    await write(
      runId,
      valuesOf(
        [{ key: "loss" }, { key: "val/loss" }],
        [
          [0, 0.5, 0],
          [0, 0.25, 1],
          [1, 0.75, 1],
        ],
      ),
    );
    const { latestMetrics } = await backend.tracking.getRun(runId);
    await models.addMetrics(modelId, runId, latestMetrics);
    expect((await models.get(modelId)).metrics).toEqual(latestMetrics.map((metric) => ({ ...metric, runId })));
    const { values } = await backend.tracking.metricHistory(runId, "loss");
    expect([...values]).toEqual([0.5, 0.25]);
    await expectThat(models.addMetrics(`m-${"0".repeat(32)}`, runId, latestMetrics)).toReject({});
  },

  "that are not there take no values, and only those are refused": async ({ newRun, attempt }) => {
    const run = await newRun();
    const series: Series[] = [{ key: "loss" }, { key: "loss", modelId: `m-${"0".repeat(32)}` }];
    const batch = valuesOf(series, [
      [0, 1, 0],
      [1, 2, 1],
      [0, 3, 2],
    ]);
    const outcome = await attempt(run.id, batch);
    if (outcome.status !== "permanent") throw new Error(`the outcome is ${outcome.status}`);
    expect(Array.from(outcome.rejected?.metrics ?? [])).toEqual([1]);
    // What a sink has not accepted it is given again, so that may be all of the others or none.
    expect(Array.from(outcome.accepted?.metrics ?? []).includes(1)).toBe(false);
  },

  "are linked to a run that used or produced them, once each": async ({ backend, can, experimentId, newRun }) => {
    const run = await newRun();
    const { tracking } = backend;
    const [a, b, c] = ["a", "b", "c"].map((letter) => `m-${letter.repeat(32)}`) as [string, string, string];
    await tracking.logModelInputs(run.id, [{ modelId: b }, { modelId: a }]);
    await tracking.logModelInputs(run.id, [{ modelId: b }]);
    await tracking.logModelOutputs(run.id, [
      { modelId: b, step: 5 },
      { modelId: a, step: 10 },
    ]);
    await tracking.logModelOutputs(run.id, [
      { modelId: c, step: 0 },
      { modelId: a, step: 11 },
    ]);
    const linked = {
      ...run,
      modelInputs: [{ modelId: a }, { modelId: b }],
      modelOutputs: [
        { modelId: c, step: 0 },
        { modelId: b, step: 5 },
        { modelId: a, step: 10 },
      ],
    };
    expect(await tracking.getRun(run.id)).toEqual(linked);
    const query = { experimentIds: [experimentId], viewType: "active" as const, maxResults: 10 };
    if (can.linksInLists) expect((await tracking.searchRuns(query)).items).toEqual([linked]);
  },

  "are not linked to a run that is missing or deleted": async ({ backend, newRun }) => {
    const run = await newRun();
    const { tracking } = backend;
    const links = [{ modelId: `m-${"a".repeat(32)}`, step: 0 }];
    await tracking.deleteRun(run.id);
    await expectThat(tracking.logModelInputs(run.id, links)).toReject({ code: "INVALID_STATE" });
    await expectThat(tracking.logModelOutputs(run.id, links)).toReject({ code: "INVALID_STATE" });
    for (const id of ["0".repeat(32), "../../etc"]) {
      await expectThat(tracking.logModelInputs(id, links)).toReject(missing);
      await expectThat(tracking.logModelOutputs(id, links)).toReject(missing);
    }
    expect(await tracking.getRun(run.id)).toMatchObject({ modelInputs: [], modelOutputs: [] });
  },

  "are found by what they hold, in the order asked for": async ({
    can,
    experimentId,
    newRun,
    newModel,
    write,
    models,
  }) => {
    const run = await newRun();
    const ids: string[] = [];
    for (const [index, name] of ["a", "b", "c"].entries()) {
      const { id } = await newModel({
        name,
        params: { depth: String(index) },
        ...(index === 0 ? {} : { tags: { good: "yes" } }),
      });
      ids.push(id);
      const dataset = { name: "digits", digest: `d${index}` };
      const series: Series[] = [
        { key: "loss", modelId: id },
        { key: "accuracy", modelId: id, dataset },
      ];
      if (index < 2)
        await write(
          run.id,
          valuesOf(series, [
            [0, index, 0],
            [1, 1 - index / 10, 0],
          ]),
        );
    }
    await models.finalize(ids[1] as string, "READY");
    const names = async (query: object) => {
      const { items } = await models.search({ experimentIds: [experimentId], maxResults: 10, ...query });
      return items.map(({ name }) => name);
    };
    const byName = { orderBy: [{ fieldName: "name" }] };
    expect(await names(byName)).toEqual(["a", "b", "c"]);
    expect(await names({ filter: "tags.good = 'yes'", ...byName })).toEqual(["b", "c"]);
    expect(await names({ filter: "params.depth != '1' AND name IN ('a', 'b')", ...byName })).toEqual(["a"]);
    if (can.modelStatusFilter) expect(await names({ filter: "status = 'READY'" })).toEqual(["b"]);
    expect(await names({ filter: "metrics.loss < 1" })).toEqual(["a"]);
    expect(await names({ orderBy: [{ fieldName: "metrics.loss", ascending: false }] })).toEqual(["b", "a", "c"]);
    const onDigits = { datasets: [{ datasetName: "digits", datasetDigest: "d1" }] };
    expect(await names(onDigits)).toEqual(["b"]);
    expect(await names({ filter: "metrics.accuracy > 0", ...onDigits })).toEqual(["b"]);
    expect(await names({ filter: "metrics.loss >= 0", ...onDigits })).toEqual([]);
    await expectThat(names({ orderBy: [{ fieldName: "params.depth" }] })).toReject({
      code: "INVALID_PARAMETER_VALUE",
    });
  },
};

/** Values as [series, value, step], a millisecond apart. */
const valuesOf = (series: readonly Series[], entries: readonly (readonly [number, number, number])[]): Batch =>
  seriesBatch(
    series,
    entries.map(([id, value, step], index) => [id, value, step, 1_001 + index]),
  );
