import { describe, expect, it } from "vitest";
import { type Client, connect, type ModelVersion } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { register } from "../../../src/registry/index.ts";
import { modelDirectory } from "../../support/model-directory.ts";

/** A registry that takes its time: what a version's status is, look by look; the last for ever. */
async function slowRegistry(
  ...statuses: readonly ModelVersion["status"][]
): Promise<{ client: Client; looks: () => number }> {
  const { registry, ...backend } = memoryBackend();
  if (registry === undefined) throw new Error("no registry");
  let looks = 0;
  const slow = (version: ModelVersion): ModelVersion => ({
    ...version,
    status: statuses[Math.min(looks++, statuses.length - 1)] ?? "READY",
  });
  const slowed = new Proxy(registry, {
    get: (target, key) => {
      if (key === "createVersion") return async (input: never) => slow(await target.createVersion(input));
      if (key === "getVersion") return async (ref: never) => slow(await target.getVersion(ref));
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { client: await connect({ ...backend, registry: slowed }), looks: () => looks };
}

describe("a new version", () => {
  const pending = "PENDING_REGISTRATION";

  it("is waited for until it is READY, and its alias is set then", async () => {
    const { client, looks } = await slowRegistry(pending, pending, "READY");
    const version = await register(modelDirectory(), "digits", { client, alias: "champion" });
    expect(version).toMatchObject({ status: "READY", aliases: ["champion"] });
    expect(looks()).toBeGreaterThanOrEqual(3);
  });

  it("is waited for no longer than is said, and can be found by what the error says", async () => {
    const { client } = await slowRegistry(pending);
    const attempt = register(modelDirectory(), "digits", { client, alias: "champion", await: 1 });
    await expect(attempt).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
      details: { name: "digits", version: 1 },
    });
    expect((await client.registry.getModel("digits")).aliases).toEqual({});
    expect(await register(modelDirectory(), "digits", { client, await: false })).toMatchObject({ status: pending });
    const signal = AbortSignal.timeout(1);
    const stopped = register("models:/digits/1", "digits", { client, signal });
    await expect(stopped).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("whose registration fails is an error", async () => {
    const { client } = await slowRegistry(pending, "FAILED_REGISTRATION");
    const attempt = register(modelDirectory(), "digits", { client });
    await expect(attempt).rejects.toMatchObject({ code: "INVALID_STATE" });
  });
});
