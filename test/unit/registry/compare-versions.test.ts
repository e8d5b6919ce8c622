import { describe, expect, it } from "vitest";
import { startRun } from "../../../src/index.ts";
import { compareVersions, register } from "../../../src/registry/index.ts";
import { modelDirectory } from "../../support/model-directory.ts";
import { openBackends } from "../../support/registry-clients.ts";

const tensor = (name: string, ...shape: number[]) => ({
  name,
  type: "tensor",
  "tensor-spec": { dtype: "float32", shape },
});
const nothing = { added: {}, removed: {}, changed: {} };

describe.each(Object.entries(openBackends))("compareVersions over %s", (_, open) => {
  it("says what differs, and only that", async () => {
    const client = await open();
    const make = async (loss: number, params: Record<string, string>, parts: Parameters<typeof modelDirectory>[0]) => {
      await using run = await startRun({ client, params, captureEnvironment: false });
      run.logMetric("loss", loss);
      run.logMetric("same", Number.NaN);
      await run.flush();
      return register(modelDirectory({ ...parts, runId: run.id }), "digits", { client, tags: { by: params.lr ?? "" } });
    };
    await make(
      0.5,
      { lr: "0.1", depth: "4" },
      {
        signature: { inputs: [tensor("x", -1, 4), tensor("mask", -1)], outputs: [{ type: "double" }] },
        flavors: { onnx: { data: "model.onnx" }, python_function: {} },
      },
    );
    await make(
      0.25,
      { lr: "0.2", depth: "4", width: "8" },
      {
        signature: { inputs: [tensor("x", -1, 5)], outputs: [{ type: "double" }], params: [{ name: "t", default: 1 }] },
        flavors: { onnx: { data: "other.onnx" }, tfjs: {} },
      },
    );
    await client.registry.updateVersion({ name: "digits", version: 2, description: "better" });
    const comparison = await compareVersions("models:/digits/1", "models:/digits/latest", { client });
    expect(comparison).toEqual({
      from: "models:/digits/1",
      to: "models:/digits/2",
      isSame: false,
      signature: {
        inputs: {
          added: {},
          removed: { mask: tensor("mask", -1) },
          changed: { x: { from: tensor("x", -1, 4), to: tensor("x", -1, 5) } },
        },
        outputs: nothing,
        params: { added: { t: { name: "t", default: 1 } }, removed: {}, changed: {} },
      },
      flavors: {
        added: { tfjs: {} },
        removed: { python_function: {} },
        changed: { onnx: { from: { data: "model.onnx" }, to: { data: "other.onnx" } } },
      },
      params: { added: { width: "8" }, removed: {}, changed: { lr: { from: "0.1", to: "0.2" } } },
      metrics: { added: {}, removed: {}, changed: { loss: { from: 0.5, to: 0.25 } } },
      tags: { added: {}, removed: {}, changed: { by: { from: "0.1", to: "0.2" } } },
      description: { to: "better" },
    });
    expect(await compareVersions("models:/digits/1", "models:/digits/1", { client })).toMatchObject({ isSame: true });
  });

  it("takes what is out of reach for empty", async () => {
    const client = await open();
    await register("gs://bucket/model", "digits", { client });
    await register(modelDirectory({ signature: { inputs: [{ type: "double" }] } }), "digits", { client });
    const { signature, flavors } = await compareVersions("models:/digits/1", "models:/digits/2", { client });
    expect(signature.inputs.added).toEqual({ "#0": { type: "double" } });
    expect(flavors.added).toEqual({ onnx: {} });
    const wrong = compareVersions("/tmp", "models:/digits/1", { client });
    await expect(wrong).rejects.toMatchObject({ details: { argument: "from" } });
  });
});
