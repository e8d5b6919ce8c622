import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { TrackingStore } from "../../../src/contract/tracking-store.ts";
import { fsBackend } from "../../../src/fs/index.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";

let mlruns: string;
let store: TrackingStore;

beforeEach(() => {
  mlruns = join(temporaryDirectory(), "deep", "mlruns");
  store = fsBackend({ directory: mlruns }).tracking;
});

/** What Python's rename_experiment does to the files. */
function rename(id: string, name: string): void {
  const path = join(mlruns, id, "meta.yaml");
  writeFileSync(path, readFileSync(path, "utf8").replace(/^name: .*$/m, `name: ${name}`));
}

function moveToTrash(id: string): void {
  mkdirSync(join(mlruns, ".trash"), { recursive: true });
  renameSync(join(mlruns, id), join(mlruns, ".trash", id));
}

describe("experiment ids", () => {
  it("follow from the name, in 18 digits, so that racing creators meet", async () => {
    const id = await store.createExperiment({ name: "digits" });
    expect(id).toMatch(/^[1-9]\d{17}$/);
    const other = fsBackend({ directory: `${mlruns}-2` }).tracking;
    expect(await other.createExperiment({ name: "digits" })).toBe(id);
  });

  it("are others where the name's own belongs to an experiment that was renamed", async () => {
    const first = await store.createExperiment({ name: "digits" });
    rename(first, "old");
    const second = await store.createExperiment({ name: "digits" });
    expect(second).not.toBe(first);
    expect(await store.getExperimentByName("digits")).toMatchObject({ id: second });
    expect(await store.getExperimentByName("old")).toMatchObject({ id: first });
    await expect(store.createExperiment({ name: "digits" })).rejects.toMatchObject({ code: "RESOURCE_ALREADY_EXISTS" });
    await expect(store.createExperiment({ name: "old" })).rejects.toMatchObject({ code: "RESOURCE_ALREADY_EXISTS" });
  });

  it("stay taken in the trash, and so do the names", async () => {
    const id = await store.createExperiment({ name: "digits" });
    moveToTrash(id);
    await expect(store.createExperiment({ name: "digits" })).rejects.toMatchObject({ code: "RESOURCE_ALREADY_EXISTS" });
    rename(join(".trash", id), "old");
    expect(await store.createExperiment({ name: "digits" })).not.toBe(id);
  });

  it("are not known before the meta.yaml is there: a creator that died halfway is finished by the next", async () => {
    const id = await store.createExperiment({ name: "digits" });
    const other = fsBackend({ directory: `${mlruns}-2` }).tracking;
    mkdirSync(join(`${mlruns}-2`, id, "tags"), { recursive: true });
    expect(await other.getExperimentByName("digits")).toBeUndefined();
    expect(await other.createExperiment({ name: "digits" })).toBe(id);
  });
});

describe("the default experiment", () => {
  it("is made with the first of a new store, for Python finds it in every one", async () => {
    await store.createExperiment({ name: "digits" });
    expect(await store.getExperiment("0")).toMatchObject({ name: "Default" });
  });

  it("is made when a run asks for it", async () => {
    const run = await store.createRun({ experimentId: "0" });
    expect(run.experimentId).toBe("0");
  });

  it("does not come back to a store that has lost it", async () => {
    await store.createExperiment({ name: "digits" });
    moveToTrash("0");
    renameSync(join(mlruns, ".trash"), join(mlruns, "..", "gone"));
    await store.createExperiment({ name: "other" });
    expect(existsSync(join(mlruns, "0"))).toBe(false);
  });
});

it("asking makes nothing on disk", async () => {
  expect(await store.getExperimentByName("digits")).toBeUndefined();
  expect(await store.searchExperiments({ viewType: "all", maxResults: 10 })).toEqual({ items: [] });
  await expect(store.getRun("a".repeat(32))).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
  for (const id of ["..", "../../etc", "a/b", "", ".trash", "x\0y"]) {
    await expect(store.getRun(id)).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
    await expect(store.getExperiment(id)).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
  }
  expect(existsSync(mlruns)).toBe(false);
});
