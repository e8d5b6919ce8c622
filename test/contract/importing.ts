import type { Importer } from "../../src/contract/importer.ts";
import { seriesBatch } from "./batches.ts";
import { expect, expectThat } from "./expect.ts";
import { type ContractRule, type ContractSubject, type ContractTests, where } from "./subject.ts";

const taken = { code: "RESOURCE_ALREADY_EXISTS" };

/** A rule only for backends that take over what another store has. */
const importing = (rule: (importer: Importer, subject: ContractSubject) => Promise<void>): ContractRule => {
  return async (subject) => {
    const { importer } = subject.backend;
    if (importer !== undefined) await rule(importer, subject);
  };
};

const RUN = {
  id: "5f".repeat(16),
  name: "copied: run",
  userId: "ann",
  status: "FINISHED",
  startTime: 1_700_000_000_123,
  endTime: 1_700_000_000_999,
  params: { lr: "0.1", "model/depth": "4" },
  tags: { note: "a\nb", "mlflow.runName": "copied: run" },
  inputs: [{ dataset: { name: "digits", digest: "abc", sourceType: "code", source: "{}" }, tags: { a: "1" } }],
  modelInputs: [{ modelId: `m-${"1".repeat(32)}` }],
  modelOutputs: [{ modelId: `m-${"2".repeat(32)}`, step: 3 }],
} as const;

const runIn = (experimentId: string) => ({
  ...RUN,
  experimentId,
  inputs: [...RUN.inputs],
  modelInputs: [...RUN.modelInputs],
  modelOutputs: [...RUN.modelOutputs],
});

const EXPERIMENT = { id: "123456789012345678", name: "copied", tags: { team: "vision" } };

/** What another store has is taken over as it is there. */
export const importTests: ContractTests = {
  "experiments keep their id and times, once": importing(async (importer, { backend }) => {
    const times = { creationTime: 1_700_000_000_001, lastUpdateTime: 1_700_000_000_002 };
    expect(await importer.importExperiment({ ...EXPERIMENT, ...times })).toBe(EXPERIMENT.id);
    const experiment = await backend.tracking.getExperiment(EXPERIMENT.id);
    expect(experiment).toMatchObject({ ...EXPERIMENT, ...times, lifecycleStage: "active" });
    expect((await backend.tracking.getExperimentByName("copied"))?.id).toBe(EXPERIMENT.id);
    await expectThat(importer.importExperiment({ ...EXPERIMENT, name: "other" })).toReject(taken);
    await expectThat(importer.importExperiment({ ...EXPERIMENT, id: "223456789012345678" })).toReject(taken);
    const runs = await backend.tracking.createExperiment({ name: "after" });
    expect(runs === EXPERIMENT.id).toBe(false);
  }),

  "runs keep their id and all that describes them, once, and take values": importing(async (importer, subject) => {
    const { backend, experimentId, write } = subject;
    const artifactUri = await importer.importRun(runIn(experimentId));
    const run = await backend.tracking.getRun(RUN.id);
    expect(run).toMatchObject({ ...runIn(experimentId), artifactUri, lifecycleStage: "active", metrics: {} });
    await backend.artifacts(artifactUri).write("a.txt", new Uint8Array([1]));
    await write(RUN.id, seriesBatch([{ key: "loss" }], [[0, 0.5, 1, 7]]));
    expect((await backend.tracking.getRun(RUN.id)).metrics).toEqual({ loss: 0.5 });
    const other = await backend.tracking.createExperiment({ name: "other" });
    await expectThat(importer.importRun(runIn(experimentId))).toReject(taken);
    await expectThat(importer.importRun(runIn(other))).toReject(taken);
    await backend.tracking.deleteExperiment(other);
    await expectThat(importer.importRun({ ...runIn(other), id: "6f".repeat(16) })).toReject({ code: "INVALID_STATE" });
  }),

  "logged models keep their id, and what was measured on them": where("loggedModels", async (subject) => {
    const { importer } = subject.backend;
    if (importer === undefined) return;
    const { experimentId, models } = subject;
    const model = {
      id: `m-${"3".repeat(32)}`,
      name: "cnn",
      experimentId,
      sourceRunId: RUN.id,
      modelType: "tf",
      status: "READY" as const,
      creationTime: 1_700_000_000_001,
      lastUpdateTime: 1_700_000_000_002,
      params: { depth: "4" },
      tags: { a: "x" },
      metrics: [
        { key: "acc", value: -0, step: 1, timestamp: 5, runId: RUN.id },
        { key: "acc", value: 0.5, step: 1, timestamp: 5, runId: RUN.id, datasetName: "digits", datasetDigest: "abc" },
      ],
    };
    const artifactLocation = await importer.importLoggedModel(model);
    expect(await models.get(model.id)).toEqual({ ...model, artifactLocation });
    await expectThat(importer.importLoggedModel(model)).toReject(taken);
  }),

  "versions keep their numbers, with gaps, and their stages and times": where("registry", async (subject) => {
    const { importer } = subject.backend;
    if (importer === undefined) return;
    const { registry } = subject;
    const times = { creationTime: 1_700_000_000_001, lastUpdateTime: 1_700_000_000_002 };
    const model = { name: "digits", description: "d", tags: { a: "1" }, aliases: { best: 3 }, ...times };
    await importer.importModel(model);
    await expectThat(importer.importModel(model)).toReject(taken);
    const version = {
      name: "digits",
      version: 3,
      source: "s3://x/y",
      stage: "Staging" as const,
      tags: { b: "2" },
      ...times,
    };
    await importer.importVersion({ ...version, runId: RUN.id, description: "third" });
    await expectThat(importer.importVersion(version)).toReject(taken);
    expect(await registry.getModel("digits")).toEqual(model);
    expect(await registry.getVersionByAlias("digits", "best")).toEqual({
      ...version,
      runId: RUN.id,
      description: "third",
      status: "READY",
      aliases: ["best"],
    });
    await importer.importVersion({ ...version, version: 1, stage: "None" });
    expect((await registry.createVersion({ name: "digits", source: "s3://x/z" })).version).toBe(4);
  }),

  "who writes a run exclusively is alone": importing(async (importer, { experimentId }) => {
    const run = { id: RUN.id, experimentId };
    await expectAlone(importer.exclusively === undefined ? undefined : (work) => importer.exclusively?.(run, work));
  }),

  "who writes an experiment exclusively is alone, also before it is there": importing(async (importer) => {
    await expectAlone(
      importer.exclusivelyIn === undefined ? undefined : (work) => importer.exclusivelyIn?.("123456789012345678", work),
    );
  }),
};

/** Also after a call that failed. A store that needs no such calls has none. */
async function expectAlone(
  exclusively: ((work: () => Promise<number>) => Promise<number> | undefined) | undefined,
): Promise<void> {
  if (exclusively === undefined) return;
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 5));
    inside--;
    return inside;
  };
  expect(await Promise.all(Array.from({ length: 4 }, () => exclusively(work)))).toEqual([0, 0, 0, 0]);
  expect(most, "nobody meets another one").toBe(1);
  await expectThat(exclusively(() => Promise.reject(new Error("broken"))) ?? Promise.resolve()).toReject({
    message: "broken",
  });
  expect(await exclusively(work)).toBe(0);
}
