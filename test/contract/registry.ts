import { expect, expectThat } from "./expect.ts";
import type { ContractTests } from "./subject.ts";

const missing = { code: "RESOURCE_DOES_NOT_EXIST" };

const source = "s3://models/digits";

export const registeredModelTests: ContractTests = {
  "come back as they were created": async ({ registry }) => {
    const input = { name: "digits: no, 名前", description: "# reads\n*digits*", tags: { task: "a\nb", "a/b": "" } };
    const model = await registry.createModel({ ...input, name: "digits no, 名前" });
    expect(model).toMatchObject({ ...input, name: "digits no, 名前", aliases: {} });
    expect((model.creationTime ?? 0) > Date.now() - 60_000).toBe(true);
    expect(model.lastUpdateTime).toBe(model.creationTime);
    expect(await registry.getModel("digits no, 名前")).toEqual(model);
    expect((await registry.createModel({ name: "bare" })).description).toBe(undefined);
  },

  "have names of their own, however many ask at once": async ({ registry }) => {
    const attempts = await Promise.allSettled(
      Array.from({ length: 8 }, () => registry.createModel({ name: "digits" })),
    );
    expect(attempts.filter(({ status }) => status === "fulfilled").length).toBe(1);
    for (const attempt of attempts) {
      if (attempt.status === "rejected") expect(attempt.reason).toMatchObject({ code: "RESOURCE_ALREADY_EXISTS" });
    }
  },

  "that are missing are said so, and no name leads out of the store": async ({ registry }) => {
    for (const name of ["nobody", "..", "../../etc", "a/b"]) {
      await expectThat(registry.getModel(name)).toReject(missing);
      await expectThat(registry.deleteModel(name)).toReject(missing);
      await expectThat(registry.createVersion({ name, source })).toReject(missing);
      await expectThat(registry.getVersion({ name, version: 1 })).toReject(missing);
      await expectThat(registry.getVersionByAlias(name, "x")).toReject(missing);
    }
  },

  "change description and tags": async ({ registry }) => {
    await registry.createModel({ name: "digits", tags: { a: "1" } });
    await registry.setModelTag("digits", { key: "b", value: "2" });
    await registry.deleteModelTag("digits", "a");
    await registry.deleteModelTag("digits", "absent");
    const changed = await registry.updateModel("digits", { description: "new: 'text'" });
    expect(changed).toMatchObject({ description: "new: 'text'", tags: { b: "2" } });
    expect(await registry.getModel("digits")).toEqual(changed);
  },

  "are renamed with all they have": async ({ registry }) => {
    await registry.createModel({ name: "old", tags: { a: "1" } });
    await registry.createVersion({ name: "old", source, tags: { t: "1" } });
    await registry.setAlias({ name: "old", version: 1 }, "champion");
    await registry.createModel({ name: "taken" });
    await expectThat(registry.renameModel("old", "taken")).toReject({ code: "RESOURCE_ALREADY_EXISTS" });
    expect(await registry.renameModel("old", "new")).toMatchObject({ name: "new", tags: { a: "1" } });
    await expectThat(registry.getModel("old")).toReject(missing);
    expect(await registry.getVersionByAlias("new", "champion")).toMatchObject({
      name: "new",
      version: 1,
      source,
      tags: { t: "1" },
      aliases: ["champion"],
    });
  },

  "are deleted with their versions, and their names are free again": async ({ registry }) => {
    await registry.createModel({ name: "digits" });
    await registry.createVersion({ name: "digits", source });
    await registry.deleteModel("digits");
    await expectThat(registry.getModel("digits")).toReject(missing);
    await registry.createModel({ name: "digits" });
    expect((await registry.createVersion({ name: "digits", source })).version).toBe(1);
  },

  "are found by name and tags, without prompts": async ({ registry }) => {
    await registry.createModel({ name: "b", tags: { task: "text" } });
    await registry.createModel({ name: "a", tags: { task: "vision" } });
    await registry.createModel({ name: "prompt", tags: { "mlflow.prompt.is_prompt": "true" } });
    const names = async (filter?: string, ...orderBy: string[]) => {
      const query = { maxResults: 10, orderBy, ...(filter === undefined ? {} : { filter }) };
      return (await registry.searchModels(query)).items.map(({ name }) => name);
    };
    expect(await names()).toEqual(["a", "b"]);
    expect(await names(undefined, "name DESC")).toEqual(["b", "a"]);
    expect(await names("name IN ('a', 'prompt')")).toEqual(["a"]);
    expect(await names("tags.task != 'text'")).toEqual(["a"]);
    expect(await names("tags.`mlflow.prompt.is_prompt` = 'true'")).toEqual(["prompt"]);
    await expectThat(names("description = 'x'")).toReject({ details: { position: 0 } });
  },
};

export const versionTests: ContractTests = {
  "come back as they were created, counted from 1": async ({ newRun, registry }) => {
    await registry.createModel({ name: "digits" });
    const { id: runId } = await newRun();
    const input = { name: "digits", source, runId, description: "first: 1", tags: { a: "x\ny" } };
    const version = await registry.createVersion(input);
    expect(version).toMatchObject({ ...input, version: 1, stage: "None", status: "READY", aliases: [] });
    expect(await registry.getVersion({ name: "digits", version: 1 })).toEqual(version);
    expect(await registry.createVersion({ name: "digits", source })).toMatchObject({ version: 2, tags: {} });
  },

  "of runs or logged models that are not there are refused": async ({ registry }) => {
    await registry.createModel({ name: "digits" });
    const input = { name: "digits", source };
    await expectThat(registry.createVersion({ ...input, runId: "0".repeat(32) })).toReject(missing);
    await expectThat(registry.createVersion({ ...input, modelId: `m-${"0".repeat(32)}` })).toReject(missing);
    expect((await registry.createVersion(input)).version).toBe(1);
  },

  "get numbers of their own, however many ask at once, and no number comes twice": async ({ registry }) => {
    await registry.createModel({ name: "digits" });
    const create = () => registry.createVersion({ name: "digits", source });
    const first = await Promise.all(Array.from({ length: 10 }, create));
    expect(first.map(({ version }) => version).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await registry.deleteVersion({ name: "digits", version: 10 });
    expect((await create()).version).toBe(11);
  },

  "change description, tags and stage": async ({ registry }) => {
    await registry.createModel({ name: "digits" });
    const ref = { name: "digits", version: 1 };
    await registry.createVersion({ name: "digits", source, tags: { a: "1" } });
    await registry.setVersionTag(ref, { key: "b", value: "2" });
    await registry.deleteVersionTag(ref, "a");
    await registry.deleteVersionTag(ref, "absent");
    await registry.updateVersion(ref, { description: "better" });
    const moved = await registry.transitionStage(ref, "Production", { archiveExisting: false });
    expect(moved).toMatchObject({ stage: "Production", description: "better", tags: { b: "2" } });
    expect(await registry.getVersion(ref)).toEqual(moved);
  },

  "make room for another in their stage, where that is asked for": async ({ registry }) => {
    await registry.createModel({ name: "digits" });
    for (let i = 0; i < 3; i++) await registry.createVersion({ name: "digits", source });
    const move = (version: number, stage: "Production" | "Archived", archiveExisting: boolean) =>
      registry.transitionStage({ name: "digits", version }, stage, { archiveExisting });
    await move(1, "Production", false);
    await move(2, "Production", false);
    await move(3, "Production", true);
    const { items } = await registry.searchVersions({ maxResults: 10, orderBy: ["version_number"] });
    expect(items.map(({ stage }) => stage)).toEqual(["Archived", "Archived", "Production"]);
    const latest = await registry.latestVersions("digits", ["None", "Production", "Archived"]);
    expect(latest.map(({ version }) => version)).toEqual([3, 2]);
    await expectThat(move(3, "Archived", true)).toReject({ code: "INVALID_PARAMETER_VALUE" });
  },

  "that are deleted are gone, with their aliases": async ({ registry }) => {
    await registry.createModel({ name: "digits" });
    const ref = { name: "digits", version: 1 };
    await registry.createVersion({ name: "digits", source });
    await registry.setAlias(ref, "champion");
    await registry.deleteVersion(ref);
    await expectThat(registry.getVersion(ref)).toReject(missing);
    await expectThat(registry.deleteVersion(ref)).toReject(missing);
    await expectThat(registry.setAlias(ref, "champion")).toReject(missing);
    expect((await registry.getModel("digits")).aliases).toEqual({});
    expect((await registry.searchVersions({ maxResults: 10 })).items).toEqual([]);
  },

  "are found by what they hold": async ({ newRun, registry }) => {
    for (const name of ["a", "b"]) await registry.createModel({ name });
    const { id: runId } = await newRun();
    await registry.createVersion({ name: "a", source: "s3://x/1", runId });
    await registry.createVersion({ name: "a", source: "s3://x/2", tags: { good: "yes" } });
    await registry.createVersion({ name: "b", source: "s3://y/1" });
    const found = async (filter: string, ...orderBy: string[]) => {
      const { items } = await registry.searchVersions({ maxResults: 10, filter, orderBy });
      return items.map(({ name, version }) => `${name}${version}`);
    };
    expect(await found("name = 'a'", "version_number ASC")).toEqual(["a1", "a2"]);
    expect(await found("name = 'a'", "version_number DESC")).toEqual(["a2", "a1"]);
    expect(await found(`run_id = '${runId}'`)).toEqual(["a1"]);
    expect(await found("source_path LIKE 's3://%/1'", "name DESC")).toEqual(["b1", "a1"]);
    expect(await found("version_number >= 2")).toEqual(["a2"]);
    expect(await found("tags.good = 'yes'")).toEqual(["a2"]);
  },

  "are downloaded from their source": async ({ registry }) => {
    await registry.createModel({ name: "digits" });
    await registry.createVersion({ name: "digits", source });
    expect(await registry.downloadUri({ name: "digits", version: 1 })).toBe(source);
  },

  "are made from others, and have their files even when those are gone": async ({ registry }) => {
    for (const name of ["digits", "copied"]) await registry.createModel({ name });
    await registry.createVersion({ name: "digits", source });
    const first = await registry.createVersion({ name: "copied", source: "models:/digits/1" });
    expect(first).toMatchObject({ version: 1, source: "models:/digits/1" });
    await registry.createVersion({ name: "copied", source: "models:/copied/1" });
    await registry.deleteModel("digits");
    await registry.deleteVersion({ name: "copied", version: 1 });
    expect(await registry.downloadUri({ name: "copied", version: 2 })).toBe(source);
    for (const gone of ["models:/digits/1", "models:/copied/1", "models:/copied/9"]) {
      await expectThat(registry.createVersion({ name: "copied", source: gone })).toReject(missing);
    }
  },
};

export const aliasTests: ContractTests = {
  "point to one version each, and latest to the highest": async ({ registry }) => {
    await registry.createModel({ name: "digits" });
    for (let i = 0; i < 2; i++) await registry.createVersion({ name: "digits", source });
    await registry.setAlias({ name: "digits", version: 1 }, "champion");
    await registry.setAlias({ name: "digits", version: 1 }, "__proto__");
    expect((await registry.getVersion({ name: "digits", version: 1 })).aliases).toEqual(["__proto__", "champion"]);
    await registry.setAlias({ name: "digits", version: 2 }, "champion");
    expect((await registry.getVersionByAlias("digits", "champion")).version).toBe(2);
    expect(Object.entries((await registry.getModel("digits")).aliases).sort()).toEqual([
      ["__proto__", 1],
      ["champion", 2],
    ]);
    expect((await registry.getVersionByAlias("digits", "Latest")).version).toBe(2);
    await registry.deleteAlias("digits", "champion");
    await registry.deleteAlias("digits", "champion");
    for (const alias of ["champion", "constructor", "../meta.yaml"]) {
      await expectThat(registry.getVersionByAlias("digits", alias)).toReject({
        code: "INVALID_PARAMETER_VALUE",
      });
    }
  },
};
