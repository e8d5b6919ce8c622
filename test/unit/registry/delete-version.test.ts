import { describe, expect, it } from "vitest";
import { deleteModel, deleteVersion, promote, register } from "../../../src/registry/index.ts";
import { modelDirectory } from "../../support/model-directory.ts";
import { openBackends } from "../../support/registry-clients.ts";

const missing = { code: "RESOURCE_DOES_NOT_EXIST" };

describe.each(Object.entries(openBackends))("over %s", (_, open) => {
  it("a version stays while something points to it, which is named", async () => {
    const client = await open();
    const ref = { name: "digits", version: 1 };
    await register(modelDirectory(), "digits", { client, alias: "champion" });
    await client.registry.setAlias({ ...ref, alias: "best" });
    await client.registry.transitionStage({ ...ref, stage: "production" });
    const attempt = deleteVersion({ ...ref, client });
    const pointers = ['alias "best"', 'alias "champion"', "stage Production"];
    await expect(attempt).rejects.toMatchObject({ code: "INVALID_STATE", details: { pointers } });
    await expect(attempt).rejects.toThrow(pointers.join(", "));
    await expect(deleteModel("digits", { client })).rejects.toThrow('alias "champion" (version 1)');
    expect(await client.registry.getVersion(ref)).toMatchObject(ref);

    for (const alias of ["best", "champion"]) await client.registry.deleteAlias({ name: "digits", alias });
    await client.registry.transitionStage({ ...ref, stage: "archived" });
    expect(await deleteVersion({ ...ref, client })).toEqual({ copies: [] });
    await expect(deleteVersion({ ...ref, client })).rejects.toMatchObject(missing);
  });

  it("force deletes all the same, and copies are named", async () => {
    const client = await open();
    for (let count = 0; count < 2; count++) await register(modelDirectory(), "digits", { client, alias: "last" });
    await register("gs://bucket/x", "other", { client });
    await promote({ client, from: "models:/digits/2", to: { name: "b prod", alias: "champion" } });
    await promote({ client, from: "models:/digits/2", to: { name: "a prod", alias: "champion" } });
    await promote({ client, from: "models:/digits/1", to: { name: "a prod", alias: "old" } });
    const copies = [
      { name: "a prod", version: 1 },
      { name: "b prod", version: 1 },
    ];
    expect(await deleteVersion({ name: "digits", version: 2, force: true, client })).toEqual({ copies });
    const all = [copies[0], { name: "a prod", version: 2 }, copies[1]];
    expect(await deleteModel("digits", { client, force: true })).toEqual({ copies: all });
    await expect(client.registry.getModel("digits")).rejects.toMatchObject(missing);
    await expect(deleteModel("digits", { client })).rejects.toMatchObject(missing);
    await expect(deleteModel("a prod", { client })).rejects.toMatchObject({
      details: { pointers: ['alias "champion" (version 1)', 'alias "old" (version 2)'] },
    });
  });
});
