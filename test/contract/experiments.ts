import { allPages } from "./batches.ts";
import { expect, expectThat } from "./expect.ts";
import { type ContractTests, where } from "./subject.ts";

export const experimentTests: ContractTests = {
  "come back as they were created": async ({ backend }) => {
    const id = await backend.tracking.createExperiment({ name: "名前 / \"x\": 'y' #1", tags: { team: "a\nb" } });
    const experiment = await backend.tracking.getExperiment(id);
    expect(experiment).toMatchObject({
      id,
      name: "名前 / \"x\": 'y' #1",
      lifecycleStage: "active",
      tags: { team: "a\nb" },
    });
    expect((experiment.creationTime ?? 0) > Date.now() - 60_000).toBe(true);
    expect(await backend.tracking.getExperimentByName(experiment.name)).toEqual(experiment);
  },

  "keep their artifacts where the creator says": where("artifactLocations", async ({ backend, experimentId }) => {
    const artifactLocation = (await backend.tracking.getExperiment(experimentId)).artifactLocation.replace(
      /[^/:]*$/,
      "mine",
    );
    const id = await backend.tracking.createExperiment({ name: "elsewhere", artifactLocation });
    expect((await backend.tracking.getExperiment(id)).artifactLocation).toBe(artifactLocation);
    const run = await backend.tracking.createRun({ experimentId: id });
    expect(run.artifactUri).toBe(`${artifactLocation}/${run.id}/artifacts`);
  }),

  "have names of their own": async ({ backend }) => {
    await expectThat(backend.tracking.createExperiment({ name: "contract" })).toReject({
      code: "RESOURCE_ALREADY_EXISTS",
    });
  },

  "are created once, however many ask at once": async ({ backend }) => {
    const attempts = await Promise.allSettled(
      Array.from({ length: 8 }, () => backend.tracking.createExperiment({ name: "race" })),
    );
    expect(attempts.filter(({ status }) => status === "fulfilled").length).toBe(1);
    const { items } = await backend.tracking.searchExperiments({ viewType: "active", maxResults: 100 });
    expect(items.filter((experiment) => experiment.name === "race").length).toBe(1);
  },

  "that are missing are said so": async ({ backend }) => {
    await expectThat(backend.tracking.getExperiment("4711")).toReject({ code: "RESOURCE_DOES_NOT_EXIST" });
    expect(await backend.tracking.getExperimentByName("nobody")).toBe(undefined);
    await expectThat(backend.tracking.createRun({ experimentId: "4711" })).toReject({
      code: "RESOURCE_DOES_NOT_EXIST",
    });
  },

  "are listed in pages, each once": async ({ backend, can }) => {
    for (let i = 0; i < 6; i++) await backend.tracking.createExperiment({ name: `listed ${i}` });
    const found = await allPages((paging) => backend.tracking.searchExperiments({ viewType: "active", ...paging }), 2);
    expect(found.map((experiment) => experiment.name).sort()).toEqual([
      ...(can.defaultExperiment ? ["Default"] : []),
      "contract",
      ...Array.from({ length: 6 }, (_, i) => `listed ${i}`),
    ]);
    const times = found.map((experiment) => experiment.creationTime ?? 0);
    expect(times).toEqual([...times].sort((a, b) => b - a));
  },
};

export const changedExperimentTests: ContractTests = {
  "get another name, of their own": async ({ backend, experimentId }) => {
    await backend.tracking.renameExperiment(experimentId, "renamed: 'x'");
    expect(await backend.tracking.getExperimentByName("contract")).toBe(undefined);
    expect(await backend.tracking.getExperimentByName("renamed: 'x'")).toMatchObject({ id: experimentId });
    const other = await backend.tracking.createExperiment({ name: "contract" });
    expect(other === experimentId).toBe(false);
    await expectThat(backend.tracking.renameExperiment(other, "renamed: 'x'")).toReject({
      code: "RESOURCE_ALREADY_EXISTS",
    });
  },

  "have tags of which the last wins and that can be deleted": async ({ backend, experimentId }) => {
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
    expect(Object.hasOwn((await backend.tracking.getExperiment(experimentId)).tags, "a/b")).toBe(false);
    await expectThat(backend.tracking.deleteExperimentTag(experimentId, "a/b")).toReject({
      code: "RESOURCE_DOES_NOT_EXIST",
    });
  },

  "are deleted with their runs, take nothing then, and come back with them": async ({
    backend,
    can,
    experimentId,
    newRun,
    write,
  }) => {
    const run = await newRun();
    await backend.tracking.deleteExperiment(experimentId);
    expect(await backend.tracking.getExperiment(experimentId)).toMatchObject({ lifecycleStage: "deleted" });
    expect(await backend.tracking.getRun(run.id)).toEqual({ ...run, lifecycleStage: "deleted" });
    const refused = { code: "INVALID_STATE" };
    await expectThat(newRun()).toReject(refused);
    await expectThat(backend.tracking.openSink(run.id)).toReject(refused);
    await expectThat(backend.tracking.renameExperiment(experimentId, "x")).toReject(refused);
    await expectThat(backend.tracking.setExperimentTag(experimentId, { key: "a", value: "b" })).toReject(refused);
    await expectThat(backend.tracking.deleteExperiment(experimentId)).toReject(refused);
    await expectThat(backend.tracking.createExperiment({ name: "contract" })).toReject({
      code: "RESOURCE_ALREADY_EXISTS",
    });
    const names = async (viewType: "active" | "deleted") =>
      (await backend.tracking.searchExperiments({ viewType, maxResults: 10 })).items.map(({ name }) => name);
    expect(await names("active")).toEqual(can.defaultExperiment ? ["Default"] : []);
    expect(await names("deleted")).toEqual(["contract"]);

    await backend.tracking.restoreExperiment(experimentId);
    expect(await backend.tracking.getExperiment(experimentId)).toMatchObject({ lifecycleStage: "active" });
    expect(await backend.tracking.getRun(run.id)).toEqual(run);
    await write(run.id, { tags: [{ key: "a", value: "b" }] });
    await expectThat(backend.tracking.restoreExperiment(experimentId)).toReject({
      code: "RESOURCE_DOES_NOT_EXIST",
    });
  },

  "that are missing, and the default one, cannot be deleted": async ({ backend }) => {
    await expectThat(backend.tracking.deleteExperiment("4711")).toReject({
      code: "RESOURCE_DOES_NOT_EXIST",
    });
    await expectThat(backend.tracking.deleteExperiment("0")).toReject({
      code: "INVALID_PARAMETER_VALUE",
    });
  },
};
