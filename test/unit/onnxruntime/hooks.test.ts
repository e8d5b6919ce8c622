import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as common from "onnxruntime-common";
import * as ortNode from "onnxruntime-node";
import * as ortWeb from "onnxruntime-web";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { FLOAT, model, node, value } from "../../../examples/support/onnx-writer.mjs";
import { TidemarkError } from "../../../src/base/errors.ts";
import { registerBackend } from "../../../src/connect/backends.ts";
import { configure } from "../../../src/fluent/configure.ts";
import { memoryBackend } from "../../../src/memory/memory-backend.ts";
import { type AutologOptions, autolog } from "../../../src/onnxruntime/index.ts";
import { Client } from "../../../src/tracking/client.ts";
import { firstFeeds, stepModel } from "../../support/ort-training.ts";
import { recordedRuns } from "../../support/recorded-runs.ts";
import { type StubRun, stubOrt, tensor } from "../../support/stub-ort.ts";
import { warnings } from "../../support/warnings.ts";

ortWeb.env.wasm.numThreads = 1;

const MEMBERS = (ort: { InferenceSession: unknown }) => {
  const { InferenceSession } = ort as ReturnType<typeof stubOrt>;
  return {
    ...Object.getOwnPropertyDescriptors(InferenceSession),
    ...Object.getOwnPropertyDescriptors(InferenceSession.prototype),
  };
};

function begin(run?: StubRun, options: AutologOptions = {}) {
  const recorded = recordedRuns();
  const ort = stubOrt(run);
  const before = MEMBERS(ort);
  const handle = autolog(ort, { client: recorded.client, ...options });
  onTestFinished(() => handle.disable());
  return { ...recorded, ort, before, handle };
}

describe("the hooks", () => {
  it("pass on every argument and every answer as they are", async () => {
    const answer = { loss: tensor([1], []) };
    const run = vi.fn<StubRun>(() => answer);
    const { ort } = begin(run);
    const session = await ort.InferenceSession.create("model.onnx", { executionProviders: ["cpu"] });
    expect(session).toBeInstanceOf(ort.InferenceSession);
    const args = [{ x: tensor([1]) }, ["loss"], { tag: "t" }];
    expect(await session.run(...args)).toBe(answer);
    expect(run.mock.calls[0]).toHaveLength(3);
    for (const [index, arg] of args.entries()) expect(run.mock.calls[0]?.[index]).toBe(arg);
    await session.run(args[0]);
    expect(run.mock.calls[1]).toHaveLength(1);
    expect([ort.InferenceSession.prototype.run.name, ort.InferenceSession.create.name]).toEqual(["run", "create"]);
  });

  it("read options before anybody changes them", async () => {
    const ort = stubOrt();
    const create = ort.InferenceSession.create;
    ort.InferenceSession.create = function (this: unknown, ...args: readonly unknown[]) {
      Object.assign(args[1] as object, { executionProviders: ["webgpu"], logId: "theirs", more: 1 });
      return Reflect.apply(create, this, args);
    };
    const { client, only } = recordedRuns();
    const handle = autolog(ort, { client });
    const session = await ort.InferenceSession.create("net.onnx", { executionProviders: ["wasm"], logId: "mine" });
    await session.run({});
    await handle.disable();
    const { params } = await only();
    expect(params).toMatchObject({ execution_providers: "wasm", "session_options.logId": "mine" });
    expect(params["session_options.more"]).toBeUndefined();
  });

  it("pass on every error as it is", async () => {
    const error = new RangeError("no");
    const { ort, only, handle } = begin(() => {
      throw error;
    });
    const session = await ort.InferenceSession.create();
    await expect(session.run({})).rejects.toBe(error);
    await handle.disable();
    expect((await only()).metrics).toMatchObject({ errors: 1 });
  });

  it("leave an error that nobody catches to the process", async () => {
    const { ort } = begin(() => {
      throw new Error("nobody caught this");
    });
    const session = await ort.InferenceSession.create();
    const unhandled = vi.fn();
    const listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", unhandled);
    void session.run({});
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.removeAllListeners("unhandledRejection");
    for (const listener of listeners) process.on("unhandledRejection", listener);
    expect(unhandled).toHaveBeenCalledOnce();
  });

  it("are gone after disable, and methods are what they were", async () => {
    const { ort, before, handle } = begin();
    expect(MEMBERS(ort)).not.toEqual(before);
    await handle.disable();
    const after = MEMBERS(ort);
    expect(after).toEqual(before);
    for (const name of ["create", "run", "release"] as const) expect(after[name].value).toBe(before[name].value);
  });

  it("are gone after disable from the real packages too", async () => {
    for (const ort of [ortNode, ortWeb]) {
      const before = MEMBERS(ort);
      const handle = autolog(ort, { client: recordedRuns().client });
      expect(MEMBERS(ort)).not.toEqual(before);
      await handle.disable();
      expect(MEMBERS(ort)).toEqual(before);
    }
  });

  it("leave alone what others have put over them, and do nothing then", async () => {
    const { ort, all, handle } = begin();
    const { prototype } = ort.InferenceSession;
    const ours = prototype.run;
    const theirs = vi.fn(function (this: object, ...args: readonly unknown[]) {
      return Reflect.apply(ours, this, args);
    });
    Object.defineProperty(prototype, "run", { value: theirs, configurable: true, writable: true });
    await handle.disable();
    expect(prototype.run).toBe(theirs);
    const session = await ort.InferenceSession.create();
    expect(await session.run({})).toHaveProperty("loss");
    expect(theirs).toHaveBeenCalledOnce();
    expect(await all()).toEqual([]);
  });

  it("are there once: a second call changes the options", async () => {
    const { ort, only, history, client } = begin();
    const hooked = MEMBERS(ort);
    const session = await ort.InferenceSession.create();
    await session.run({});
    const second = autolog(ort, { client, scalars: [] });
    expect(MEMBERS(ort)).toEqual(hooked);
    await session.run({});
    await second.disable();
    const { id } = await only();
    expect(await history(id, "loss")).toEqual([[0, 0.5]]);
    expect(MEMBERS(ort)).not.toEqual(hooked);
  });

  it("can be put in again after they were taken out", async () => {
    const { ort, all, client, handle } = begin();
    await handle.disable();
    const again = autolog(ort, { client });
    await (await ort.InferenceSession.create()).run({});
    await again.disable();
    expect((await all()).map(({ status }) => status)).toEqual(["FINISHED"]);
  });

  it("see sessions that were there before them", async () => {
    const ort = stubOrt();
    const session = await ort.InferenceSession.create();
    const { client, only } = recordedRuns();
    const handle = autolog(ort, { client });
    await session.run({});
    await handle.disable();
    expect((await only()).metrics).toMatchObject({ loss: 0.5 });
  });

  it("are in the classes of the package that was handed in, and in no other", async () => {
    const require = createRequire(import.meta.url);
    const commonJs = require("onnxruntime-common") as typeof common;
    expect(commonJs.InferenceSession).not.toBe(common.InferenceSession);
    // The one has onnxruntime-node's sessions, the other onnxruntime-web's.
    expect(commonJs.InferenceSession).toBe(ortNode.InferenceSession);
    const untouched = MEMBERS(common);
    const handle = autolog(commonJs, { client: recordedRuns().client });
    onTestFinished(() => handle.disable());
    expect(MEMBERS(common)).toEqual(untouched);
  });

  it("take the default export, and refuse what is no ONNX Runtime", async () => {
    const ort = stubOrt();
    await autolog({ default: ort } as unknown as typeof ort, { client: recordedRuns().client }).disable();
    for (const wrong of [{}, { InferenceSession: {} }, null, "onnxruntime-node"]) {
      expect(() => autolog(wrong as unknown as typeof ort)).toThrow(TidemarkError);
    }
  });

  it("refuse options by name", () => {
    const ort = stubOrt();
    const before = MEMBERS(ort);
    expect(() => autolog(ort, { everyNRun: 2 } as AutologOptions)).toThrow("everyNRun");
    expect(() => autolog(ort, { everyNRuns: 0 })).toThrow("everyNRuns");
    expect(() => autolog(ort, { run: {} } as AutologOptions)).toThrow("is not a run");
    expect(MEMBERS(ort)).toEqual(before);
  });

  it("wait for the hash of a large model before a run of its own ends", async () => {
    const { ort, only, handle } = begin();
    const model = new Uint8Array(20 << 20).fill(1);
    const session = await ort.InferenceSession.create(model);
    await session.run({});
    await session.release();
    await handle.disable();
    const { params, status } = await only();
    expect({ digest: params.model_sha256, status }).toEqual({
      digest: createHash("sha256").update(model).digest("hex"),
      status: "FINISHED",
    });
  });

  it("let the memory of a session go, and end its run then", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const { ort, only } = begin();
    await (await ort.InferenceSession.create()).run({});
    await vi.waitFor(async () => {
      collect();
      expect((await only()).status).toBe("FINISHED");
    });
  });
});

describe("nothing that fails here fails a run:", () => {
  it("no run can be opened", async () => {
    const said = warnings();
    const client = new Client(memoryBackend());
    await client.experiments.delete(await client.experiments.create({ name: "gone" }));
    vi.stubEnv("MLFLOW_EXPERIMENT_NAME", "gone");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { ort } = begin(undefined, { client });
    const session = await ort.InferenceSession.create();
    expect(await session.run({})).toHaveProperty("loss");
    await session.run({});
    await session.release();
    expect(said).toEqual([
      expect.stringMatching(/^tidemark: onnxruntime: opening its run could not be recorded: .*gone/),
    ]);
  });

  it("a choice of scalars that throws, outputs that cannot be read", async () => {
    warnings();
    const gone = {
      ...tensor([1], []),
      get data(): Float32Array {
        throw new Error("The data is not on CPU.");
      },
    };
    const scalars = vi.fn(() => {
      throw new Error("a choice that throws");
    });
    for (const options of [{ scalars }, {}]) {
      const { ort, only, handle } = begin(() => ({ loss: gone }), options);
      const session = await ort.InferenceSession.create();
      for (let i = 0; i < 3; i++) expect(await session.run({})).toEqual({ loss: gone });
      await handle.disable();
      expect((await only()).metrics).toMatchObject({ latency_p50_ms: expect.any(Number) });
    }
  });

  it("outputs that lie on a device are left there", async () => {
    const data = vi.fn(() => {
      throw new Error("The data is not on CPU.");
    });
    const loss = Object.defineProperty({ ...tensor([1], []), location: "gpu-buffer" }, "data", { get: data });
    const { ort, only, handle } = begin(() => ({ loss }));
    await (await ort.InferenceSession.create()).run({});
    await handle.disable();
    expect(data).not.toHaveBeenCalled();
    expect((await only()).metrics.loss).toBeUndefined();
  });

  it("the backend has to be waited for: until it is there, runs are only counted", async () => {
    warnings();
    const { client, only, history } = recordedRuns();
    registerBackend("slow", async () => client.backend);
    configure({ trackingUri: "slow:" });
    onTestFinished(() => configure({ trackingUri: "./mlruns" }));
    const ort = stubOrt();
    const handle = autolog(ort);
    onTestFinished(() => handle.disable());
    const session = await ort.InferenceSession.create();
    await session.run({});
    await new Promise((resolve) => setTimeout(resolve, 20));
    await session.run({});
    await handle.disable();
    const { id } = await only();
    expect(await history(id, "loss")).toEqual([[1, 0.5]]);
    expect((await history(id, "steps_per_second")).map(([step]) => step)).toEqual([1]);
  });

  it("the session is released, or watched no more, while it runs", async () => {
    const said = warnings();
    let answer: (outputs: unknown) => void = () => {};
    const { ort, only, handle } = begin(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const session = await ort.InferenceSession.create();
    const running = session.run({});
    await session.release();
    await handle.disable();
    answer({ loss: tensor([1], []) });
    expect(await running).toHaveProperty("loss");
    expect((await only()).status).toBe("FINISHED");
    expect(said).toEqual([]);
  });

  it("arguments and answers that make no sense", async () => {
    warnings();
    const { ort, handle } = begin(() => undefined);
    const session = await ort.InferenceSession.create(7, null, "x");
    for (const feeds of [undefined, null, 5, "x", { x: null }]) expect(await session.run(feeds)).toBeUndefined();
    await handle.disable();
  });
});

describe("scalars", () => {
  const outputs = {
    loss: tensor([1], []),
    trainAccuracy: tensor([2], [1]),
    "metrics/learning_rate": tensor([3], [1, 1]),
    logits: tensor([4], [1, 1]),
    losses_each: tensor([5, 6]),
    correct: { ...tensor([1]), type: "int64", data: BigInt64Array.of(7n) },
  };
  const logged = async (options: AutologOptions) => {
    const { client, only } = recordedRuns();
    class InferenceSession {
      readonly inputNames = [];
      readonly outputNames = Object.keys(outputs);
      static async create() {
        return new InferenceSession();
      }
      async run() {
        return outputs;
      }
    }
    const handle = autolog({ InferenceSession }, { client, ...options });
    await (await InferenceSession.create()).run();
    await handle.disable();
    const { metrics } = await only();
    const own = /^(first_run_ms|session_create_ms|latency|steps_per|runs_per)/;
    return Object.fromEntries(Object.entries(metrics).filter(([key]) => !own.test(key)));
  };

  it("are by default what sounds like loss, accuracy or learning rate", async () => {
    expect(await logged({})).toEqual({ loss: 1, trainAccuracy: 2, "metrics/learning_rate": 3 });
  });

  it("are those named, whole numbers too", async () => {
    expect(await logged({ scalars: ["correct", "losses_each", "logits"] })).toEqual({ correct: 7, logits: 4 });
  });

  it("are those chosen", async () => {
    expect(await logged({ scalars: (name) => name.startsWith("l") })).toEqual({ loss: 1, logits: 4 });
  });

  it("are never those of a batch, though it has one example only", async () => {
    const { client, only } = recordedRuns();
    const handle = autolog(ortNode, { client });
    onTestFinished(() => handle.disable());
    const losses = model({
      name: "losses",
      inputs: [value("x", FLOAT, ["batch"])],
      outputs: [value("loss", FLOAT, ["batch"])],
      nodes: [node("Identity", ["x"], ["loss"])],
    });
    const session = await ortNode.InferenceSession.create(losses);
    await session.run({ x: new ortNode.Tensor("float32", [1], [1]) });
    await session.release();
    await handle.disable();
    const { metrics } = await only();
    expect(metrics).toMatchObject({ batch_size: 1, runs_per_second: expect.any(Number) });
    expect(metrics.loss).toBeUndefined();
    // The first run of a session is no measure of the others.
    expect(metrics.latency_p50_ms).toBeUndefined();
    expect(metrics.first_run_ms).toBeGreaterThan(0);
  });
});

describe("what onnxruntime-web does with what it is given", () => {
  it("it does to the options with and without, and they are recorded as they were", async () => {
    const make = (): ortWeb.InferenceSession.SessionOptions => ({ executionProviders: ["wasm"], extra: {} });
    const plain = make();
    const session = await ortWeb.InferenceSession.create(stepModel(), plain);
    await session.release();
    const { client, only } = recordedRuns();
    const handle = autolog(ortWeb, { client });
    onTestFinished(() => handle.disable());
    const watched = make();
    const again = await ortWeb.InferenceSession.create(stepModel(), watched);
    await again.run(firstFeeds(ortWeb));
    await again.release();
    await handle.disable();
    expect(watched).toEqual(plain);
    expect(plain).not.toEqual(make());
    const { params } = await only();
    expect(params.execution_providers).toBe("wasm");
    expect(Object.keys(params).filter((key) => key.startsWith("session_options"))).toEqual([]);
  });

  it("preallocated outputs stay at zero, which is said and not logged", async () => {
    const said = warnings();
    const { client, only, history } = recordedRuns();
    const handle = autolog(ortWeb, { client });
    onTestFinished(() => handle.disable());
    const session = await ortWeb.InferenceSession.create(stepModel());
    await session.run(firstFeeds(ortWeb), { loss: new ortWeb.Tensor("float32", [0], []) });
    await session.run(firstFeeds(ortWeb), ["loss"]);
    await session.release();
    await handle.disable();
    expect((await history((await only()).id, "loss")).map(([step]) => step)).toEqual([1]);
    expect(said).toEqual([expect.stringContaining("leaves preallocated outputs at zero")]);
  });
});

it("onnxruntime-node fills preallocated outputs, and they are logged", async () => {
  const { client, only, history } = recordedRuns();
  const handle = autolog(ortNode, { client });
  onTestFinished(() => handle.disable());
  const session = await ortNode.InferenceSession.create(stepModel());
  const loss = new ortNode.Tensor("float32", [0], []);
  await session.run(firstFeeds(ortNode), { loss });
  await session.release();
  await handle.disable();
  expect(loss.data[0]).toBeGreaterThan(0);
  expect(await history((await only()).id, "loss")).toEqual([[0, loss.data[0]]]);
});
