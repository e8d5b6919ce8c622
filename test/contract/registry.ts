import { describe, expect, it } from "vitest";
import type { RegistryStore } from "../../src/contract/registry-store.ts";
import type { ContractSubject } from "./subject.ts";

/** What every registry keeps to. */
export function registryContract({ backend, newRun }: ContractSubject): void {
  const registry = (): RegistryStore => {
    const store = backend().registry;
    if (store === undefined) throw new Error("this backend has no registry");
    return store;
  };
  const missing = { code: "RESOURCE_DOES_NOT_EXIST" };
  const source = "s3://models/digits";

  describe("registered models", () => {
    it("come back as they were created", async () => {
      const input = { name: "digits: no, 名前", description: "# reads\n*digits*", tags: { task: "a\nb", "a/b": "" } };
      const model = await registry().createModel({ ...input, name: "digits no, 名前" });
      expect(model).toMatchObject({ ...input, name: "digits no, 名前", aliases: {} });
      expect(model.creationTime).toBeGreaterThan(Date.now() - 60_000);
      expect(model.lastUpdateTime).toBe(model.creationTime);
      expect(await registry().getModel("digits no, 名前")).toEqual(model);
      expect((await registry().createModel({ name: "bare" })).description).toBeUndefined();
    });

    it("have names of their own, however many ask at once", async () => {
      const attempts = await Promise.allSettled(
        Array.from({ length: 8 }, () => registry().createModel({ name: "digits" })),
      );
      expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const attempt of attempts) {
        if (attempt.status === "rejected") expect(attempt.reason).toMatchObject({ code: "RESOURCE_ALREADY_EXISTS" });
      }
    });

    it("that are missing are said so, and no name leads out of the store", async () => {
      for (const name of ["nobody", "..", "../../etc", "a/b"]) {
        await expect(registry().getModel(name)).rejects.toMatchObject(missing);
        await expect(registry().deleteModel(name)).rejects.toMatchObject(missing);
        await expect(registry().createVersion({ name, source })).rejects.toMatchObject(missing);
        await expect(registry().getVersion({ name, version: 1 })).rejects.toMatchObject(missing);
        await expect(registry().getVersionByAlias(name, "x")).rejects.toMatchObject(missing);
      }
    });

    it("change description and tags", async () => {
      await registry().createModel({ name: "digits", tags: { a: "1" } });
      await registry().setModelTag("digits", { key: "b", value: "2" });
      await registry().deleteModelTag("digits", "a");
      await registry().deleteModelTag("digits", "absent");
      const changed = await registry().updateModel("digits", { description: "new: 'text'" });
      expect(changed).toMatchObject({ description: "new: 'text'", tags: { b: "2" } });
      expect(await registry().getModel("digits")).toEqual(changed);
    });

    it("are renamed with all they have", async () => {
      await registry().createModel({ name: "old", tags: { a: "1" } });
      await registry().createVersion({ name: "old", source, tags: { t: "1" } });
      await registry().setAlias({ name: "old", version: 1 }, "champion");
      await registry().createModel({ name: "taken" });
      await expect(registry().renameModel("old", "taken")).rejects.toMatchObject({ code: "RESOURCE_ALREADY_EXISTS" });
      expect(await registry().renameModel("old", "new")).toMatchObject({ name: "new", tags: { a: "1" } });
      await expect(registry().getModel("old")).rejects.toMatchObject(missing);
      expect(await registry().getVersionByAlias("new", "champion")).toMatchObject({
        name: "new",
        version: 1,
        source,
        tags: { t: "1" },
        aliases: ["champion"],
      });
    });

    it("are deleted with their versions, and their names are free again", async () => {
      await registry().createModel({ name: "digits" });
      await registry().createVersion({ name: "digits", source });
      await registry().deleteModel("digits");
      await expect(registry().getModel("digits")).rejects.toMatchObject(missing);
      await registry().createModel({ name: "digits" });
      expect((await registry().createVersion({ name: "digits", source })).version).toBe(1);
    });

    it("are found by name and tags, without prompts", async () => {
      await registry().createModel({ name: "b", tags: { task: "text" } });
      await registry().createModel({ name: "a", tags: { task: "vision" } });
      await registry().createModel({ name: "prompt", tags: { "mlflow.prompt.is_prompt": "true" } });
      const names = async (filter?: string, ...orderBy: string[]) => {
        const query = { maxResults: 10, orderBy, ...(filter === undefined ? {} : { filter }) };
        return (await registry().searchModels(query)).items.map(({ name }) => name);
      };
      expect(await names()).toEqual(["a", "b"]);
      expect(await names(undefined, "name DESC")).toEqual(["b", "a"]);
      expect(await names("name IN ('a', 'prompt')")).toEqual(["a"]);
      expect(await names("tags.task != 'text'")).toEqual(["a"]);
      expect(await names("tags.`mlflow.prompt.is_prompt` = 'true'")).toEqual(["prompt"]);
      await expect(names("description = 'x'")).rejects.toMatchObject({ details: { position: 0 } });
    });
  });

  describe("versions", () => {
    it("come back as they were created, counted from 1", async () => {
      await registry().createModel({ name: "digits" });
      const { id: runId } = await newRun();
      const input = { name: "digits", source, runId, description: "first: 1", tags: { a: "x\ny" } };
      const version = await registry().createVersion(input);
      expect(version).toMatchObject({ ...input, version: 1, stage: "None", status: "READY", aliases: [] });
      expect(await registry().getVersion({ name: "digits", version: 1 })).toEqual(version);
      expect(await registry().createVersion({ name: "digits", source })).toMatchObject({ version: 2, tags: {} });
    });

    it("of runs or logged models that are not there are refused", async () => {
      await registry().createModel({ name: "digits" });
      const input = { name: "digits", source };
      await expect(registry().createVersion({ ...input, runId: "0".repeat(32) })).rejects.toMatchObject(missing);
      await expect(registry().createVersion({ ...input, modelId: `m-${"0".repeat(32)}` })).rejects.toMatchObject(
        missing,
      );
      expect((await registry().createVersion(input)).version).toBe(1);
    });

    it("get numbers of their own, however many ask at once, and no number comes twice", async () => {
      await registry().createModel({ name: "digits" });
      const create = () => registry().createVersion({ name: "digits", source });
      const first = await Promise.all(Array.from({ length: 10 }, create));
      expect(first.map(({ version }) => version).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      await registry().deleteVersion({ name: "digits", version: 10 });
      expect((await create()).version).toBe(11);
    });

    it("change description, tags and stage", async () => {
      await registry().createModel({ name: "digits" });
      const ref = { name: "digits", version: 1 };
      await registry().createVersion({ name: "digits", source, tags: { a: "1" } });
      await registry().setVersionTag(ref, { key: "b", value: "2" });
      await registry().deleteVersionTag(ref, "a");
      await registry().deleteVersionTag(ref, "absent");
      await registry().updateVersion(ref, { description: "better" });
      const moved = await registry().transitionStage(ref, "Production", { archiveExisting: false });
      expect(moved).toMatchObject({ stage: "Production", description: "better", tags: { b: "2" } });
      expect(await registry().getVersion(ref)).toEqual(moved);
    });

    it("make room for another in their stage, where that is asked for", async () => {
      await registry().createModel({ name: "digits" });
      for (let i = 0; i < 3; i++) await registry().createVersion({ name: "digits", source });
      const move = (version: number, stage: "Production" | "Archived", archiveExisting: boolean) =>
        registry().transitionStage({ name: "digits", version }, stage, { archiveExisting });
      await move(1, "Production", false);
      await move(2, "Production", false);
      await move(3, "Production", true);
      const { items } = await registry().searchVersions({ maxResults: 10, orderBy: ["version_number"] });
      expect(items.map(({ stage }) => stage)).toEqual(["Archived", "Archived", "Production"]);
      const latest = await registry().latestVersions("digits", ["None", "Production", "Archived"]);
      expect(latest.map(({ version }) => version)).toEqual([3, 2]);
      await expect(move(3, "Archived", true)).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
    });

    it("that are deleted are gone, with their aliases", async () => {
      await registry().createModel({ name: "digits" });
      const ref = { name: "digits", version: 1 };
      await registry().createVersion({ name: "digits", source });
      await registry().setAlias(ref, "champion");
      await registry().deleteVersion(ref);
      await expect(registry().getVersion(ref)).rejects.toMatchObject(missing);
      await expect(registry().deleteVersion(ref)).rejects.toMatchObject(missing);
      await expect(registry().setAlias(ref, "champion")).rejects.toMatchObject(missing);
      expect((await registry().getModel("digits")).aliases).toEqual({});
      expect((await registry().searchVersions({ maxResults: 10 })).items).toEqual([]);
    });

    it("are found by what they hold", async () => {
      for (const name of ["a", "b"]) await registry().createModel({ name });
      const { id: runId } = await newRun();
      await registry().createVersion({ name: "a", source: "s3://x/1", runId });
      await registry().createVersion({ name: "a", source: "s3://x/2", tags: { good: "yes" } });
      await registry().createVersion({ name: "b", source: "s3://y/1" });
      const found = async (filter: string, ...orderBy: string[]) => {
        const { items } = await registry().searchVersions({ maxResults: 10, filter, orderBy });
        return items.map(({ name, version }) => `${name}${version}`);
      };
      expect(await found("name = 'a'", "version_number ASC")).toEqual(["a1", "a2"]);
      expect(await found("name = 'a'", "version_number DESC")).toEqual(["a2", "a1"]);
      expect(await found(`run_id = '${runId}'`)).toEqual(["a1"]);
      expect(await found("source_path LIKE 's3://%/1'", "name DESC")).toEqual(["b1", "a1"]);
      expect(await found("version_number >= 2")).toEqual(["a2"]);
      expect(await found("tags.good = 'yes'")).toEqual(["a2"]);
    });

    it("are downloaded from their source", async () => {
      await registry().createModel({ name: "digits" });
      await registry().createVersion({ name: "digits", source });
      expect(await registry().downloadUri({ name: "digits", version: 1 })).toBe(source);
    });
  });

  describe("aliases", () => {
    it("point to one version each, and latest to the highest", async () => {
      await registry().createModel({ name: "digits" });
      for (let i = 0; i < 2; i++) await registry().createVersion({ name: "digits", source });
      await registry().setAlias({ name: "digits", version: 1 }, "champion");
      await registry().setAlias({ name: "digits", version: 1 }, "__proto__");
      expect((await registry().getVersion({ name: "digits", version: 1 })).aliases).toEqual(["__proto__", "champion"]);
      await registry().setAlias({ name: "digits", version: 2 }, "champion");
      expect((await registry().getVersionByAlias("digits", "champion")).version).toBe(2);
      expect(Object.entries((await registry().getModel("digits")).aliases).sort()).toEqual([
        ["__proto__", 1],
        ["champion", 2],
      ]);
      expect((await registry().getVersionByAlias("digits", "Latest")).version).toBe(2);
      await registry().deleteAlias("digits", "champion");
      await registry().deleteAlias("digits", "champion");
      for (const alias of ["champion", "constructor", "../meta.yaml"]) {
        await expect(registry().getVersionByAlias("digits", alias)).rejects.toMatchObject({
          code: "INVALID_PARAMETER_VALUE",
        });
      }
    });
  });
}
