import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { Backend } from "../../src/contract/backend.ts";
import type { Batch } from "../../src/contract/batch.ts";
import type { MetricSink } from "../../src/contract/metric-sink.ts";
import type { Outcome } from "../../src/contract/outcome.ts";
import type { Page } from "../../src/contract/tracking-store.ts";
import type { DatasetInput } from "../../src/schema/dataset.ts";
import type { Param, Tag } from "../../src/schema/param.ts";
import type { CreateRun } from "../../src/schema/run.ts";
import { bits } from "../support/python.ts";
import { loggedModelContract } from "./logged-models.ts";
import { registryContract } from "./registry.ts";
import type { ContractSubject } from "./subject.ts";

/** What a backend under test can't do, because what it stands on can't. */
export interface Differences {
  /** A key cannot be a path that another key is a directory of. */
  readonly keysArePaths?: boolean;
}

interface Point {
  readonly key: string;
  readonly value: number;
  readonly step: number;
  readonly timestamp: number;
}

const DIGITS_INPUT: DatasetInput = {
  dataset: { name: "digits", digest: "abc123", sourceType: "code", source: "{}" },
  tags: { "mlflow.data.context": "training" },
};

/** Every backend passes these: what they hold is what the rest of Tidemark relies on. */
export function backendContract(
  name: string,
  makeBackend: () => Promise<Backend>,
  differences: Differences = {},
): void {
  describe(`${name}: the contract`, () => {
    let backend: Backend;
    let experimentId: string;
    beforeEach(async () => {
      backend = await makeBackend();
      experimentId = await backend.tracking.createExperiment({ name: "contract" });
    });

    const newRun = async (input: Partial<CreateRun> = {}) =>
      await backend.tracking.createRun({ experimentId, ...input });

    describe("experiments", () => {
      it("come back as they were created", async () => {
        const id = await backend.tracking.createExperiment({ name: "名前 / \"x\": 'y' #1", tags: { team: "a\nb" } });
        const experiment = await backend.tracking.getExperiment(id);
        expect(experiment).toMatchObject({
          id,
          name: "名前 / \"x\": 'y' #1",
          lifecycleStage: "active",
          tags: { team: "a\nb" },
        });
        expect(experiment.creationTime).toBeGreaterThan(Date.now() - 60_000);
        expect(await backend.tracking.getExperimentByName(experiment.name)).toEqual(experiment);
      });

      it("keep their artifacts where the creator says", async () => {
        const artifactLocation = (await backend.tracking.getExperiment(experimentId)).artifactLocation.replace(
          /[^/:]*$/,
          "mine",
        );
        const id = await backend.tracking.createExperiment({ name: "elsewhere", artifactLocation });
        expect((await backend.tracking.getExperiment(id)).artifactLocation).toBe(artifactLocation);
        const run = await backend.tracking.createRun({ experimentId: id });
        expect(run.artifactUri).toBe(`${artifactLocation}/${run.id}/artifacts`);
      });

      it("have names of their own", async () => {
        await expect(backend.tracking.createExperiment({ name: "contract" })).rejects.toMatchObject({
          code: "RESOURCE_ALREADY_EXISTS",
        });
      });

      it("are created once, however many ask at once", async () => {
        const attempts = await Promise.allSettled(
          Array.from({ length: 8 }, () => backend.tracking.createExperiment({ name: "race" })),
        );
        expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
        const { items } = await backend.tracking.searchExperiments({ viewType: "active", maxResults: 100 });
        expect(items.filter((experiment) => experiment.name === "race")).toHaveLength(1);
      });

      it("that are missing are said so", async () => {
        await expect(backend.tracking.getExperiment("4711")).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
        expect(await backend.tracking.getExperimentByName("nobody")).toBeUndefined();
        await expect(backend.tracking.createRun({ experimentId: "4711" })).rejects.toMatchObject({
          code: "RESOURCE_DOES_NOT_EXIST",
        });
      });

      it("are listed in pages, each once", async () => {
        for (let i = 0; i < 6; i++) await backend.tracking.createExperiment({ name: `listed ${i}` });
        const found = await allPages(
          (paging) => backend.tracking.searchExperiments({ viewType: "active", ...paging }),
          2,
        );
        expect(found.map((experiment) => experiment.name).sort()).toEqual([
          "Default",
          "contract",
          ...Array.from({ length: 6 }, (_, i) => `listed ${i}`),
        ]);
        const times = found.map((experiment) => experiment.creationTime ?? 0);
        expect(times).toEqual([...times].sort((a, b) => b - a));
      });
    });

    describe("experiments that change", () => {
      it("get another name, of their own", async () => {
        await backend.tracking.renameExperiment(experimentId, "renamed: 'x'");
        expect(await backend.tracking.getExperimentByName("contract")).toBeUndefined();
        expect(await backend.tracking.getExperimentByName("renamed: 'x'")).toMatchObject({ id: experimentId });
        const other = await backend.tracking.createExperiment({ name: "contract" });
        expect(other).not.toBe(experimentId);
        await expect(backend.tracking.renameExperiment(other, "renamed: 'x'")).rejects.toMatchObject({
          code: "RESOURCE_ALREADY_EXISTS",
        });
      });

      it("have tags of which the last wins and that can be deleted", async () => {
        for (const value of ["one", "two\n"]) {
          await backend.tracking.setExperimentTag(experimentId, { key: "a/b", value });
        }
        await backend.tracking.setExperimentTag(experimentId, { key: "__proto__", value: "x" });
        const { tags } = await backend.tracking.getExperiment(experimentId);
        expect(Object.entries(tags).sort()).toEqual([
          ["__proto__", "x"],
          ["a/b", "two\n"],
        ]);
        await backend.tracking.deleteExperimentTag(experimentId, "a/b");
        expect((await backend.tracking.getExperiment(experimentId)).tags).not.toHaveProperty(["a/b"]);
        await expect(backend.tracking.deleteExperimentTag(experimentId, "a/b")).rejects.toMatchObject({
          code: "RESOURCE_DOES_NOT_EXIST",
        });
      });

      it("are deleted with their runs, take nothing then, and come back with them", async () => {
        const run = await newRun();
        await backend.tracking.deleteExperiment(experimentId);
        expect(await backend.tracking.getExperiment(experimentId)).toMatchObject({ lifecycleStage: "deleted" });
        expect(await backend.tracking.getRun(run.id)).toEqual({ ...run, lifecycleStage: "deleted" });
        const refused = { code: "INVALID_STATE" };
        await expect(newRun()).rejects.toMatchObject(refused);
        await expect(backend.tracking.openSink(run.id)).rejects.toMatchObject(refused);
        await expect(backend.tracking.renameExperiment(experimentId, "x")).rejects.toMatchObject(refused);
        await expect(backend.tracking.setExperimentTag(experimentId, { key: "a", value: "b" })).rejects.toMatchObject(
          refused,
        );
        await expect(backend.tracking.deleteExperiment(experimentId)).rejects.toMatchObject(refused);
        await expect(backend.tracking.createExperiment({ name: "contract" })).rejects.toMatchObject({
          code: "RESOURCE_ALREADY_EXISTS",
        });
        const names = async (viewType: "active" | "deleted") =>
          (await backend.tracking.searchExperiments({ viewType, maxResults: 10 })).items.map(({ name }) => name);
        expect(await names("active")).toEqual(["Default"]);
        expect(await names("deleted")).toEqual(["contract"]);

        await backend.tracking.restoreExperiment(experimentId);
        expect(await backend.tracking.getExperiment(experimentId)).toMatchObject({ lifecycleStage: "active" });
        expect(await backend.tracking.getRun(run.id)).toEqual(run);
        await write(run.id, { tags: [{ key: "a", value: "b" }] });
        await expect(backend.tracking.restoreExperiment(experimentId)).rejects.toMatchObject({
          code: "RESOURCE_DOES_NOT_EXIST",
        });
      });

      it("that are missing, and the default one, cannot be deleted", async () => {
        await expect(backend.tracking.deleteExperiment("4711")).rejects.toMatchObject({
          code: "RESOURCE_DOES_NOT_EXIST",
        });
        await expect(backend.tracking.deleteExperiment("0")).rejects.toMatchObject({
          code: "INVALID_PARAMETER_VALUE",
        });
      });
    });

    describe("runs", () => {
      it("come back as they were created", async () => {
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
        expect(run.endTime).toBeUndefined();
        expect(await backend.tracking.getRun(run.id)).toEqual(run);
      });

      it("get a name where nobody gave one, or that of the tag", async () => {
        expect((await newRun()).name).toMatch(/^[a-z]+-[a-z]+-\d+$/);
        expect((await newRun({ tags: { "mlflow.runName": "by tag" } })).name).toBe("by tag");
      });

      it("that are missing are said so", async () => {
        const missing = { code: "RESOURCE_DOES_NOT_EXIST" };
        const id = "0".repeat(32);
        await expect(backend.tracking.getRun(id)).rejects.toMatchObject(missing);
        await expect(backend.tracking.getRun("../../etc")).rejects.toMatchObject(missing);
        await expect(backend.tracking.updateRun({ runId: id, status: "FAILED" })).rejects.toMatchObject(missing);
        await expect(backend.tracking.metricHistory(id, "loss")).rejects.toMatchObject(missing);
        await expect(backend.tracking.openSink(id)).rejects.toMatchObject(missing);
        await expect(backend.tracking.deleteTag(id, "a")).rejects.toMatchObject(missing);
      });

      it("change status, end and name, and nothing else", async () => {
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
      });

      it("are renamed by their tag too", async () => {
        const run = await newRun();
        await write(run.id, { tags: [{ key: "mlflow.runName", value: "by: tag" }] });
        expect((await backend.tracking.getRun(run.id)).name).toBe("by: tag");
      });

      it("are listed in pages, newest first, each once, whatever comes meanwhile", async () => {
        const ids: string[] = [];
        for (let i = 0; i < 7; i++) ids.push((await newRun({ startTime: 1_700_000_000_000 + Math.floor(i / 2) })).id);
        const query = { experimentIds: [experimentId], viewType: "active" as const };
        const first = await backend.tracking.searchRuns({ ...query, maxResults: 3 });
        const newcomer = await newRun({ startTime: 1_800_000_000_000 });
        const rest = await allPages(
          (paging) => backend.tracking.searchRuns({ ...query, ...paging }),
          3,
          first.nextPageToken,
        );
        const found = [...first.items, ...rest];
        expect(found.map((run) => run.id).sort()).toEqual([...ids].sort());
        expect(found.map((run) => run.id)).not.toContain(newcomer.id);
        const order = found.map((run) => `${9e15 - run.startTime} ${run.id}`);
        expect(order).toEqual([...order].sort());
      });

      it("of other experiments are not listed, and an experiment without runs has none", async () => {
        await newRun();
        const other = await backend.tracking.createExperiment({ name: "empty" });
        const { items, nextPageToken } = await backend.tracking.searchRuns({
          experimentIds: [other],
          viewType: "all",
          maxResults: 10,
        });
        expect([items, nextPageToken]).toEqual([[], undefined]);
      });

      it("are deleted and restored, and take nothing while they are deleted", async () => {
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
        await expect(backend.tracking.openSink(run.id)).rejects.toMatchObject(refused);
        await expect(backend.tracking.updateRun({ runId: run.id, name: "x" })).rejects.toMatchObject(refused);
        await expect(backend.tracking.deleteTag(run.id, "mlflow.runName")).rejects.toMatchObject(refused);
        for (let repeat = 0; repeat < 2; repeat++) await backend.tracking.restoreRun(run.id);
        expect(await backend.tracking.getRun(run.id)).toEqual(run);
        await expect(backend.tracking.deleteRun("0".repeat(32))).rejects.toMatchObject({
          code: "RESOURCE_DOES_NOT_EXIST",
        });
      });

      it("are found by what they hold, in the order asked for", async () => {
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
        await expect(names("metrics.loss > 'high'")).rejects.toMatchObject(position);
      });

      it("refuse a page token that is none", async () => {
        const query = {
          experimentIds: [experimentId],
          viewType: "all" as const,
          maxResults: 10,
          pageToken: "garbage!",
        };
        await expect(backend.tracking.searchRuns(query)).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
      });
    });

    describe("what a run logs", () => {
      it("is kept to the last bit, by step, then timestamp, then as logged", async () => {
        const run = await newRun();
        const values = [0.1, -0, 1e16, 1e21, 5e-324, Number.MAX_VALUE, Number.NaN, Infinity, -Infinity, 1 / 3, 123456];
        const points = values.map((value, i) => ({ key: "loss", value, step: 5 - i, timestamp: 1_700_000_000_000 }));
        points.push(
          { key: "loss", value: 7, step: 0, timestamp: 1_700_000_000_001 },
          { key: "loss", value: 8, step: 0, timestamp: 1_700_000_000_000 },
          { key: "loss", value: 9, step: 0, timestamp: 1_700_000_000_000 },
        );
        await write(run.id, { points });
        const expected = points
          .map((point, i) => ({ ...point, i }))
          .sort((a, b) => a.step - b.step || a.timestamp - b.timestamp || a.i - b.i);
        const { steps, timestamps, values: read } = await backend.tracking.metricHistory(run.id, "loss");
        expect([...steps]).toEqual(expected.map(({ step }) => step));
        expect([...timestamps]).toEqual(expected.map(({ timestamp }) => timestamp));
        expect(Array.from(read, bits)).toEqual(expected.map(({ value }) => bits(value)));
      });

      it("is there under any key MLflow allows", async () => {
        const run = await newRun();
        const keys = [
          "loss",
          "train/acc",
          "a/b/c",
          "ключ",
          "名前 x",
          "k".repeat(250),
          "a.b-c:d_e",
          "__proto__",
          "constructor",
        ];
        await write(run.id, {
          points: keys.map((key, step) => ({ key, value: step, step, timestamp: 1 })),
          params: keys.map((key) => ({ key, value: `param ${key}` })),
          tags: keys.map((key) => ({ key, value: `tag ${key}` })),
        });
        const read = await backend.tracking.getRun(run.id);
        expect(Object.entries(read.metrics).sort()).toEqual(keys.map((key, i) => [key, i]).sort());
        expect(Object.entries(read.params).sort()).toEqual(keys.map((key) => [key, `param ${key}`]).sort());
        for (const key of keys) expect(Object.entries(read.tags)).toContainEqual([key, `tag ${key}`]);
        for (const [step, key] of keys.entries()) {
          expect([...(await backend.tracking.metricHistory(run.id, key)).steps]).toEqual([step]);
        }
      });

      it("has as its latest value the one of the largest step, then timestamp, then value", async () => {
        const run = await newRun();
        const at = (key: string, value: number, step: number, timestamp: number) => ({ key, value, step, timestamp });
        await write(run.id, {
          points: [
            at("a", 1, 9, 1),
            at("a", 2, 3, 9),
            at("b", 1, 1, 5),
            at("b", 2, 1, 4),
            at("c", 5, 1, 1),
            at("c", 4, 1, 1),
          ],
        });
        const { metrics, latestMetrics } = await backend.tracking.getRun(run.id);
        expect(metrics).toEqual({ a: 1, b: 1, c: 5 });
        expect(latestMetrics).toEqual([at("a", 1, 9, 1), at("b", 1, 1, 5), at("c", 5, 1, 1)]);
      });

      it("has an empty history under a key that was never logged", async () => {
        const run = await newRun();
        const history = await backend.tracking.metricHistory(run.id, "nothing");
        expect([history.steps.length, history.timestamps.length, history.values.length]).toEqual([0, 0, 0]);
      });

      it("keeps texts as they are", async () => {
        const run = await newRun();
        const texts = ["", " ", "a\nb\n", "null", "1", "🎯 ünï", "x".repeat(6_000), "\ttab", "'\"\\"];
        const entries = texts.map((value, i) => ({ key: `t${i}`, value }));
        await write(run.id, { params: entries, tags: entries });
        const { params, tags } = await backend.tracking.getRun(run.id);
        expect(params).toEqual(Object.fromEntries(entries.map(({ key, value }) => [key, value])));
        expect(tags).toMatchObject(params);
      });

      it("rejects a param that has changed, and only that; the same again is fine", async () => {
        const run = await newRun();
        await write(run.id, { params: [{ key: "lr", value: "0.1" }] });
        await write(run.id, { params: [{ key: "lr", value: "0.1" }] });
        const outcome = await attempt(
          run.id,
          batchOf({
            points: [{ key: "loss", value: 1, step: 0, timestamp: 1 }],
            params: [
              { key: "a", value: "1" },
              { key: "lr", value: "0.2" },
              { key: "b", value: "2" },
            ],
            tags: [{ key: "t", value: "1" }],
          }),
        );
        expect(outcome).toMatchObject({ status: "permanent", error: { code: "INVALID_PARAMETER_VALUE" } });
        if (outcome.status !== "permanent") throw new Error("unreachable");
        expect(Array.from(outcome.rejected?.params ?? [])).toEqual([1]);
        expect(Array.from(outcome.rejected?.metrics ?? [])).toEqual([]);
        // What a sink has not accepted it is given again, so either is fine; both is not.
        const accepted = Array.from(outcome.accepted?.params ?? []);
        expect(accepted).not.toContain(1);
        if (accepted.length === 2)
          expect((await backend.tracking.getRun(run.id)).params).toEqual({ a: "1", b: "2", lr: "0.1" });
      });

      it("has tags of which the last wins and that can be deleted", async () => {
        const run = await newRun({ tags: { a: "1" } });
        await write(run.id, {
          tags: [
            { key: "a", value: "2" },
            { key: "a", value: "3" },
            { key: "b/c", value: "4" },
          ],
        });
        expect((await backend.tracking.getRun(run.id)).tags).toMatchObject({ a: "3", "b/c": "4" });
        await backend.tracking.deleteTag(run.id, "a");
        expect((await backend.tracking.getRun(run.id)).tags.a).toBeUndefined();
        await expect(backend.tracking.deleteTag(run.id, "a")).rejects.toMatchObject({
          code: "RESOURCE_DOES_NOT_EXIST",
        });
      });

      it("has inputs, each dataset once", async () => {
        const run = await newRun();
        const full = {
          dataset: {
            name: "digits: 名前",
            digest: "abc123",
            sourceType: "http",
            source: '{"url":"https://example.org/a?b=c#d"}',
            schema: '{"mlflow_colspec":[]}',
            profile: '{"num_rows":1}',
          },
          tags: { "mlflow.data.context": "training", other: "x: y" },
        };
        const bare = { dataset: { name: "bare", digest: "1", sourceType: "code", source: "{}" }, tags: {} };
        await write(run.id, { inputs: [full, bare] });
        await write(run.id, { inputs: [full] });
        expect((await backend.tracking.getRun(run.id)).inputs).toEqual([bare, full]);
        const other = await newRun();
        await write(other.id, { inputs: [full] });
        expect((await backend.tracking.getRun(other.id)).inputs).toEqual([full]);
      });

      it("comes in stretches of any size", async () => {
        const run = await newRun();
        const points = Array.from({ length: 10_000 }, (_, step) => ({
          key: `m${step % 7}`,
          value: Math.sin(step),
          step,
          timestamp: 1_700_000_000_000 + step,
        }));
        const sink = await backend.tracking.openSink(run.id);
        for (let start = 0, size = 1; start < points.length; start += size, size = (size * 3) % 4_097) {
          expect(await send(sink, batchOf({ points: points.slice(start, start + size) }))).toEqual({ status: "ok" });
        }
        await sink.close();
        for (let key = 0; key < 7; key++) {
          const mine = points.filter((point) => point.key === `m${key}`);
          const { steps, values } = await backend.tracking.metricHistory(run.id, `m${key}`);
          expect([...steps]).toEqual(mine.map(({ step }) => step));
          expect([...values]).toEqual(mine.map(({ value }) => value));
        }
      });

      if (differences.keysArePaths === true) {
        it("refuses a key that would have to be a file and a directory, at the call", async () => {
          const run = await newRun();
          const sink = await backend.tracking.openSink(run.id);
          expect(sink.checkKey?.("metric", "train/loss")).toBeUndefined();
          expect(sink.checkKey?.("metric", "train")).toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
          expect(sink.checkKey?.("param", "train")).toBeUndefined();
          expect(sink.checkKey?.("metric", "train/loss/x")).toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
          await sink.close();
        });
      }
    });

    describe("artifacts", () => {
      const artifactsOf = async () => backend.artifacts((await newRun()).artifactUri);
      const bytes = (text: string) => new TextEncoder().encode(text);
      const scratch = () => mkdtempSync(join(tmpdir(), "tidemark-contract-"));

      it("are written, listed, read, replaced and deleted", async () => {
        const store = await artifactsOf();
        expect(await store.list()).toEqual([]);
        await store.write("a.txt", bytes("one"));
        await store.write("dir/ünï côde.txt", bytes("two!"));
        await store.write("dir/deep/er.bin", new Uint8Array([0, 255]));
        await store.write("empty", new Uint8Array());
        expect(await store.list()).toEqual([
          { path: "a.txt", isDirectory: false, sizeBytes: 3 },
          { path: "dir", isDirectory: true },
          { path: "empty", isDirectory: false, sizeBytes: 0 },
        ]);
        expect(await store.list("dir")).toEqual([
          { path: "dir/deep", isDirectory: true },
          { path: "dir/ünï côde.txt", isDirectory: false, sizeBytes: 4 },
        ]);
        expect(await store.list("nowhere")).toEqual([]);
        await store.write("a.txt", bytes("uno"));
        expect(new TextDecoder().decode(await store.read("a.txt"))).toBe("uno");
        await store.delete("a.txt");
        await store.delete("dir");
        expect((await store.list()).map(({ path }) => path)).toEqual(["empty"]);
      });

      it("that are missing are said so", async () => {
        const store = await artifactsOf();
        const missing = { code: "RESOURCE_DOES_NOT_EXIST" };
        await expect(store.read("a")).rejects.toMatchObject(missing);
        await expect(store.delete("a/b")).rejects.toMatchObject(missing);
        await expect(store.download("a", join(scratch(), "a"))).rejects.toMatchObject(missing);
      });

      it("go up and down as files, telling how many bytes have passed", async () => {
        const store = await artifactsOf();
        const directory = scratch();
        const content = Buffer.alloc(3_000_000, "tidemark ");
        writeFileSync(join(directory, "up"), content);
        let up = 0;
        let down = 0;
        await store.upload(join(directory, "up"), "weights/w.bin", { onBytes: (count) => (up += count) });
        await store.download("weights/w.bin", join(directory, "down"), { onBytes: (count) => (down += count) });
        expect([up, down]).toEqual([content.length, content.length]);
        expect(readFileSync(join(directory, "down")).equals(content)).toBe(true);
      });

      it("stop when they are told to, leaving nothing", async () => {
        const store = await artifactsOf();
        const directory = scratch();
        writeFileSync(join(directory, "up"), "x");
        const signal = AbortSignal.abort();
        const cancelled = { code: "CANCELLED" };
        await expect(store.upload(join(directory, "up"), "a", { signal })).rejects.toMatchObject(cancelled);
        await expect(store.write("a", bytes("x"), { signal })).rejects.toMatchObject(cancelled);
        expect(await store.list()).toEqual([]);
        await store.write("a", bytes("x"));
        await expect(store.read("a", { signal })).rejects.toMatchObject(cancelled);
        await expect(store.download("a", join(directory, "down"), { signal })).rejects.toMatchObject(cancelled);
        expect(() => readFileSync(join(directory, "down"))).toThrow();
      });

      it("never leave their root", async () => {
        const store = await artifactsOf();
        for (const path of ["../x", "a/../../x", "/etc/passwd", "a\\..\\x", "", ".", "a//b", "C:/x", "a\0b"]) {
          const refused = { code: "INVALID_PARAMETER_VALUE" };
          await expect(store.write(path, bytes("x")), path).rejects.toMatchObject(refused);
          await expect(store.read(path), path).rejects.toMatchObject(refused);
          await expect(store.delete(path), path).rejects.toMatchObject(refused);
          await expect(store.list(path), path).rejects.toMatchObject(refused);
        }
      });
    });

    const subject: ContractSubject = {
      backend: () => backend,
      experimentId: () => experimentId,
      newRun,
      write: async (runId, batch) => expect(await attempt(runId, batch)).toEqual({ status: "ok" }),
    };
    registryContract(subject);
    loggedModelContract(subject);

    async function attempt(runId: string, batch: Batch): Promise<Outcome> {
      const sink = await backend.tracking.openSink(runId);
      try {
        return await send(sink, batch);
      } finally {
        await sink.close();
      }
    }

    async function write(runId: string, parts: Parts): Promise<void> {
      await subject.write(runId, batchOf(parts));
    }
  });
}

interface Parts {
  readonly points?: readonly Point[];
  readonly params?: readonly Param[];
  readonly tags?: readonly Tag[];
  readonly inputs?: readonly DatasetInput[];
}

function batchOf({ points = [], params = [], tags = [], inputs = [] }: Parts): Batch {
  const keys = [...new Set(points.map(({ key }) => key))];
  return {
    series: keys.map((key) => ({ key })),
    metrics: {
      length: points.length,
      seriesIds: Uint32Array.from(points, ({ key }) => keys.indexOf(key)),
      values: Float64Array.from(points, ({ value }) => value),
      timestamps: Float64Array.from(points, ({ timestamp }) => timestamp),
      steps: Float64Array.from(points, ({ step }) => step),
    },
    params,
    tags,
    inputs,
  };
}

const send = async (sink: MetricSink, batch: Batch): Promise<Outcome> =>
  "writeSync" in sink ? sink.writeSync(batch) : await sink.write(batch, new AbortController().signal);

async function allPages<T>(
  list: (paging: { maxResults: number; pageToken?: string }) => Promise<Page<T>>,
  maxResults: number,
  pageToken?: string,
): Promise<T[]> {
  const items: T[] = [];
  for (let token = pageToken; ; ) {
    const page = await list({ maxResults, ...(token === undefined ? {} : { pageToken: token }) });
    expect(page.items.length).toBeLessThanOrEqual(maxResults);
    items.push(...page.items);
    token = page.nextPageToken;
    if (token === undefined) return items;
  }
}
