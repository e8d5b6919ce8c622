import { expect, expectThat } from "./expect.ts";
import type { ContractTests } from "./subject.ts";

const TAG = { key: "tidemark.reaped", value: "its process is gone" };
const MINUTE_MS = 60_000;

/** What a backend need not do, but if it does, then so. */
export const optionalTests: ContractTests = {
  "runs tell when they were written last": async ({ backend, newRun }) => {
    const { tracking } = backend;
    if (tracking.lastWrites === undefined) return;
    const before = Date.now();
    const run = await newRun({ startTime: 1_000 });
    const [written = 0, missing] = await tracking.lastWrites([run, { ...run, id: "0".repeat(32) }]);
    expect(missing, "of a run that is not there").toBe(0);
    // The clock of the backend may be another.
    expect(Math.abs(written - before) < MINUTE_MS, "is about now").toBe(true);
  },

  "runs are ended for their process only while they are RUNNING, and go on only where that was so": async (subject) => {
    const { tracking } = subject.backend;
    if (tracking.reapRun === undefined || tracking.reviveRun === undefined) return;
    const { id } = await subject.newRun();
    const endTime = 1_700_000_000_999;
    expect(await tracking.reviveRun(id, TAG.key), "a run that is RUNNING").toBe(false);
    expect(await tracking.reapRun(id, { endTime, tag: TAG })).toBe(true);
    const reaped = await tracking.getRun(id);
    expect(reaped).toMatchObject({ status: "KILLED", endTime });
    expect(reaped.tags[TAG.key]).toBe(TAG.value);
    expect(await tracking.reapRun(id, { endTime: 1, tag: TAG }), "once more").toBe(false);
    expect(await tracking.reviveRun(id, TAG.key)).toBe(true);
    const revived = await tracking.getRun(id);
    expect(revived.status).toBe("RUNNING");
    expect(revived.tags[TAG.key]).toBe(undefined);
    await tracking.updateRun({ runId: id, status: "KILLED" });
    expect(await tracking.reviveRun(id, TAG.key), "a run that somebody has ended").toBe(false);
    expect((await tracking.getRun(id)).status).toBe("KILLED");
  },

  "deleted runs and experiments are deleted for good, restored ones are not": async (subject) => {
    const { backend, experimentId, newRun } = subject;
    const { garbage, tracking } = backend;
    if (garbage === undefined) return;
    const [gone, restored, active] = [await newRun(), await newRun(), await newRun()];
    for (const run of [gone, restored, active])
      await backend.artifacts(run.artifactUri).write("a.txt", Buffer.from("a"));
    for (const { id } of [gone, restored]) await tracking.deleteRun(id);
    const age = { deletedBefore: Date.now() + MINUTE_MS, leftBefore: 0 };
    expect((await garbage.list({ ...age, deletedBefore: 0 })).length, "nothing is that old").toBe(0);
    const listed = await garbage.list(age);
    expect(listed.map(({ kind, id }) => `${kind} ${id}`).sort()).toEqual(
      [gone, restored].map(({ id }) => `run ${id}`).sort(),
    );
    await tracking.restoreRun(restored.id);
    for (const item of listed) expect(await garbage.purge(item), item.id).toBe(item.id === gone.id);
    for (const item of listed) expect(await garbage.purge(item), "once more").toBe(false);
    await expectThat(tracking.getRun(gone.id)).toReject({ code: "RESOURCE_DOES_NOT_EXIST" });
    await expectThat(tracking.restoreRun(gone.id)).toReject({ code: "RESOURCE_DOES_NOT_EXIST" });
    expect(await backend.artifacts(gone.artifactUri).list()).toEqual([]);
    for (const { id, artifactUri } of [restored, active]) {
      expect((await tracking.getRun(id)).lifecycleStage).toBe("active");
      expect((await backend.artifacts(artifactUri).list()).length).toBe(1);
    }
    await tracking.deleteExperiment(experimentId);
    const all = await garbage.list(age);
    const [experiment, ...others] = all.filter(({ kind }) => kind === "experiment");
    if (experiment === undefined || others.length > 0) throw new Error("the experiment is not listed, once");
    expect(await garbage.purge(experiment), "an experiment with runs in it").toBe(false);
    for (const item of all) if (item.kind === "run") expect(await garbage.purge(item)).toBe(true);
    expect(await garbage.purge(experiment)).toBe(true);
    await garbage.finish?.();
    await expectThat(tracking.getExperiment(experimentId)).toReject({ code: "RESOURCE_DOES_NOT_EXIST" });
    expect(await tracking.getExperimentByName("contract")).toBe(undefined);
  },
};
