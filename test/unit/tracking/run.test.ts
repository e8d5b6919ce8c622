import { describe, expect, expectTypeOf, it, vi } from "vitest";
import { connect, type Run, startRun, TidemarkError, withRun } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { warnings } from "../../support/warnings.ts";

const memory = () => connect(memoryBackend());
const open = async (options = {}) => {
  const client = await memory();
  return { client, run: await startRun({ client, captureEnvironment: false, ...options }) };
};
const refused = (argument: string) =>
  expect.objectContaining({ code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining(argument) });

describe("steps", () => {
  it("start at 0 and go on from the key's last step", async () => {
    const { client, run } = await open();
    run.logMetric("loss", 1);
    run.logMetric("loss", 2);
    run.logMetric("loss", 3, { step: 10 });
    run.logMetric("loss", 4);
    run.metric("loss").log(5);
    run.metric("loss").log(6, 20);
    run.metric("loss").log(7);
    await run.end();
    const { steps, values } = await client.runs.metricHistory(run.id, "loss");
    expect([...steps]).toEqual([0, 1, 10, 11, 12, 20, 21]);
    expect([...values]).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it("are one for a logMetrics call: 1 + the largest last step of its keys", async () => {
    const { client, run } = await open();
    run.logMetrics({ loss: 1, accuracy: 0.1 });
    run.logMetric("loss", 2);
    run.logMetric("loss", 3);
    run.logMetrics({ loss: 4, accuracy: 0.4, fresh: 0 });
    run.logMetrics({ accuracy: 0.5 }, { step: 100 });
    run.logMetrics({ accuracy: 0.6, loss: 6 });
    await run.end();
    expect([...(await client.runs.metricHistory(run.id, "loss")).steps]).toEqual([0, 1, 2, 3, 101]);
    expect([...(await client.runs.metricHistory(run.id, "accuracy")).steps]).toEqual([0, 3, 100, 101]);
    expect([...(await client.runs.metricHistory(run.id, "fresh")).steps]).toEqual([3]);
  });

  it("continue when a run is resumed", async () => {
    const { client, run } = await open();
    run.logMetric("loss", 1, { step: 41 });
    run.logMetric("early", 1, { step: -5 });
    await run.end();
    const resumed = await startRun({ client, runId: run.id, captureEnvironment: false });
    expect(resumed.id).toBe(run.id);
    resumed.logMetric("loss", 2);
    resumed.logMetric("early", 2);
    await resumed.end();
    expect([...(await client.runs.metricHistory(run.id, "loss")).steps]).toEqual([41, 42]);
    expect([...(await client.runs.metricHistory(run.id, "early")).steps]).toEqual([-5, -4]);
  });

  it("end at the largest safe integer", async () => {
    const { run } = await open();
    run.logMetric("loss", 1, { step: Number.MAX_SAFE_INTEGER });
    expect(() => run.logMetric("loss", 2)).toThrow(refused("step"));
    expect(() => run.metric("loss").log(2)).toThrow(refused("step"));
    expect(() => run.logMetrics({ loss: 2 })).toThrow(refused("step"));
    await run.end();
  });
});

describe("bad input is refused at the call, by name", () => {
  it.each<[string, (run: Run) => unknown, string]>([
    ["a key with a forbidden character", (run) => run.logMetric("loss@1", 1), "loss@1"],
    ["an empty key", (run) => run.logMetric("", 1), "key"],
    ["a key that is too long", (run) => run.logMetric("k".repeat(251), 1), "250"],
    ["a key that climbs", (run) => run.logMetric("../../etc/passwd", 1), ".."],
    ["an absolute key", (run) => run.logParam("/etc/passwd", 1), "absolute"],
    ["a tag key with a tab", (run) => run.setTag("a\tb", "1"), "key"],
    ["a value that is no number", (run) => run.logMetric("loss", "0.5" as never), '"0.5"'],
    ["an undefined value", (run) => run.logMetrics({ loss: undefined as never }), "loss"],
    ["a bigint value", (run) => run.logMetric("loss", 1n as never), "1n"],
    ["metrics that are no object", (run) => run.logMetrics(1 as never), "metrics"],
    ["a fractional step", (run) => run.logMetric("loss", 1, { step: 0.5 }), "step"],
    ["a step beyond the safe integers", (run) => run.logMetric("loss", 1, { step: 2 ** 53 }), "step"],
    ["a handle's step that is no integer", (run) => run.metric("loss").log(1, Number.NaN), "step"],
    ["a timestamp before 1970", (run) => run.logMetric("loss", 1, { timestamp: -1 }), "timestamp"],
    ["an unknown option", (run) => run.logMetric("loss", 1, { stpe: 1 } as never), "stpe"],
    ["an unknown option of logMetrics", (run) => run.logMetrics({ loss: 1 }, { epoch: 1 } as never), "epoch"],
    ["a dataset without a name", (run) => run.logMetric("loss", 1, { dataset: {} as never }), "dataset.name"],
    ["a param over MLflow's length", (run) => run.logParam("p", "x".repeat(6_001)), "6000"],
    ["a tag over MLflow's length", (run) => run.setTag("t", "x".repeat(8_001)), "8000"],
    ["a tag that is an object", (run) => run.setTag("t", {} as never), "t"],
    ["a function as a param", (run) => run.logParam("p", () => 1), "p"],
    ["a dataset that is none", (run) => run.logInput({ name: "x" } as never), "digest"],
    ["an unknown option of logInput", (run) => run.logInput({} as never, { ctx: "a" } as never), "ctx"],
  ])("%s", async (_, call, named) => {
    const { client, run } = await open();
    const before = run.stats.appended;
    expect(() => call(run)).toThrow(refused(named));
    expect(run.stats.appended).toBe(before);
    await run.end();
    expect((await client.runs.get(run.id)).params).toEqual({});
  });

  it.each<[string, (run: Run) => Promise<unknown>, string]>([
    ["a path that climbs", (run) => run.logText("x", "../x"), ".."],
    ["an absolute path", (run) => run.logJson({}, "/tmp/x"), "absolute"],
    ["a directory that climbs", (run) => run.logArtifact("package.json", { path: "a/../../b" }), ".."],
    ["a file that is not there", (run) => run.logArtifact("no-such-file"), "no-such-file"],
    ["a directory that is a file", (run) => run.logArtifacts("package.json"), "package.json"],
    ["text that is none", (run) => run.logText(1 as never, "x"), "text"],
    ["what JSON cannot hold", (run) => run.logJson(1n, "x"), "value"],
    ["an unknown flush option", (run) => run.flush({ timeout: 1 } as never), "timeout"],
    [
      "an unknown upload option",
      (run) => run.logArtifact("package.json", { artifactPath: "x" } as never),
      "artifactPath",
    ],
  ])("%s", async (_, call, named) => {
    const { run } = await open();
    await expect((async () => call(run))()).rejects.toThrow(refused(named));
    await run.end();
  });

  it("an end status that is none, synchronously", async () => {
    const { run } = await open();
    expect(() => run.end({ status: "DONE" as never })).toThrow(refused("status"));
    expect(run.status).toBe("RUNNING");
    await run.end();
  });

  it("leaves no run behind when its params are refused", async () => {
    const client = await memory();
    const options = { client, params: { bad: () => 1 } };
    await expect(startRun(options)).rejects.toThrow(refused("bad"));
    await expect(startRun({ client, nmae: "x" } as never)).rejects.toThrow(refused("nmae"));
    expect((await client.runs.search({ experimentIds: ["0"] }).page()).items).toEqual([]);
  });
});

describe("params and tags", () => {
  it("flatten nested objects and keep what is text", async () => {
    const { client, run } = await open({
      params: { model: { layers: [64, 32], name: "mlp" } },
      tags: { n: 1, ok: true },
    });
    run.logParams({ lr: 0.1, nested: { deep: { er: null } } });
    run.logParam("object", { a: 1 });
    run.setTags({ a: "1", b: 2 });
    await run.end();
    const { params, tags } = await client.runs.get(run.id);
    expect(params).toEqual({
      "model.layers": "[64,32]",
      "model.name": "mlp",
      lr: "0.1",
      "nested.deep.er": "null",
      "object.a": "1",
    });
    expect(tags).toMatchObject({ a: "1", b: "2", n: "1", ok: "true", "mlflow.runName": run.name });
  });

  it("of which a param changed is rejected without taking others along, and told once", async () => {
    const errors: string[] = [];
    const { client, run } = await open({ onError: (error: TidemarkError) => errors.push(error.code) });
    run.logParam("lr", 0.1);
    run.logParam("lr", 0.1);
    await run.flush();
    run.logParam("lr", 0.2);
    run.logParam("other", 1);
    run.logMetric("loss", 1);
    await expect(run.flush()).rejects.toMatchObject({ code: "FLUSH_INCOMPLETE", details: { rejected: 1 } });
    await run.flush();
    await run.end();
    expect(errors).toEqual(["INVALID_PARAMETER_VALUE"]);
    expect((await client.runs.get(run.id)).params).toEqual({ lr: "0.1", other: "1" });
    expect(run.stats).toMatchObject({ rejected: 1, pending: 0, dropped: 0 });
  });

  it("rename the run through mlflow.runName", async () => {
    const { client, run } = await open({ name: "before" });
    run.setTag("mlflow.runName", "after");
    expect(run.name).toBe("after");
    await run.end();
    expect((await client.runs.get(run.id)).name).toBe("after");
  });
});

describe("the end", () => {
  it("is written once, with the status, and refuses what comes later", async () => {
    const { client, run } = await open();
    run.logMetric("loss", 1);
    const handle = run.metric("loss");
    const ending = run.end({ status: "KILLED" });
    expect(run.end()).toBe(ending);
    await ending;
    expect(run.status).toBe("KILLED");
    for (const call of [
      () => run.logMetric("loss", 1),
      () => run.logMetric("new", 1),
      () => run.logMetrics({ loss: 1 }),
      () => handle.log(1),
      () => run.logParam("p", 1),
      () => run.setTag("t", "1"),
    ]) {
      expect(call).toThrow(expect.objectContaining({ code: "RUN_ENDED" }));
    }
    const entity = await client.runs.get(run.id);
    expect(entity.status).toBe("KILLED");
    expect(entity.endTime).toBeGreaterThanOrEqual(entity.startTime);
  });

  it("comes after those who wanted to log something before it", async () => {
    const { client, run } = await open();
    const said = warnings();
    run.beforeEnd(() => {
      throw new Error("nothing to log");
    });
    run.beforeEnd(() => run.logMetric("last", 1));
    const changedItsMind = run.beforeEnd(() => run.logMetric("never", 1));
    changedItsMind();
    await Promise.all([run.end(), run.end()]);
    const { metrics, status } = await client.runs.get(run.id);
    expect({ metrics, status }).toEqual({ metrics: { last: 1 }, status: "FINISHED" });
    expect((await client.runs.metricHistory(run.id, "last")).values).toHaveLength(1);
    expect(said).toEqual([expect.stringContaining("nothing to log")]);
  });

  it("waits for uploads under way", async () => {
    const { client, run } = await open();
    void run.logText("slow", "a.txt");
    void run.logArtifacts("test/support");
    await run.end();
    const paths = (await client.artifacts.list({ runId: run.id })).map(({ path }) => path);
    expect(paths).toContain("a.txt");
    expect(paths).toContain("scripted-sink.ts");
  });

  it("comes by itself with await using", async () => {
    const client = await memory();
    let id = "";
    {
      await using run = await startRun({ client, captureEnvironment: false });
      id = run.id;
    }
    expect((await client.runs.get(id)).status).toBe("FINISHED");
  });

  it("rejects when the status could not be written, and the values are safe all the same", async () => {
    const backend = memoryBackend();
    vi.spyOn(backend.tracking, "updateRun").mockRejectedValue(new TidemarkError("STORAGE_ERROR", "no"));
    const client = await connect(backend);
    const run = await startRun({ client, captureEnvironment: false });
    run.logMetric("loss", 1);
    await expect(run.end()).rejects.toMatchObject({ code: "STORAGE_ERROR" });
    expect(run.stats).toMatchObject({ acknowledged: 1, pending: 0 });
  });
});

describe("children", () => {
  it("know their parent and share its experiment", async () => {
    const { client, run } = await open({ experiment: "parents" });
    const child = await run.startChild({ name: "fold 1", captureEnvironment: false });
    const grandchild = await child.startChild({ captureEnvironment: false });
    await Promise.all([grandchild.end(), child.end(), run.end()]);
    const entity = await client.runs.get(child.id);
    expect(entity).toMatchObject({ name: "fold 1", experimentId: run.experimentId });
    expect(entity.tags["mlflow.parentRunId"]).toBe(run.id);
    expect((await client.runs.get(grandchild.id)).tags["mlflow.parentRunId"]).toBe(child.id);
  });
});

describe("withRun", () => {
  it("answers what the function answers, and ends FINISHED", async () => {
    const client = await memory();
    const [id, result] = await withRun({ client, captureEnvironment: false }, async (run) => [run.id, 42] as const);
    expect(result).toBe(42);
    expect((await client.runs.get(id)).status).toBe("FINISHED");
  });

  it("ends FAILED with the error as a tag, and throws the caller's own error", async () => {
    const client = await memory();
    let id = "";
    const error = new RangeError("diverged");
    const failing = withRun({ client, captureEnvironment: false }, (run) => {
      id = run.id;
      run.logMetric("loss", Number.NaN);
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    const entity = await client.runs.get(id);
    expect(entity.status).toBe("FAILED");
    expect(entity.tags["tidemark.error"]).toContain("RangeError: diverged");
    expect(entity.metrics.loss).toBeNaN();
  });

  it("keeps a status the function itself has set", async () => {
    const client = await memory();
    let id = "";
    await withRun({ client, captureEnvironment: false }, async (run) => {
      id = run.id;
      await run.end({ status: "KILLED" });
    });
    expect((await client.runs.get(id)).status).toBe("KILLED");
  });
});

describe("typed keys", () => {
  it("are checked by the compiler", async () => {
    const client = await memory();
    const run = await startRun<{ loss: number; accuracy: number }>({ client, captureEnvironment: false });
    run.logMetric("loss", 1);
    run.logMetrics({ loss: 1, accuracy: 0.5 });
    run.logMetrics({ loss: 1 });
    // @ts-expect-error -- no such key
    run.logMetric("los", 1);
    // @ts-expect-error -- no such key
    run.logMetrics({ lss: 1 });
    // @ts-expect-error -- no such key
    run.metric("acc");
    expectTypeOf(run.logMetric).parameter(0).toEqualTypeOf<"loss" | "accuracy">();
    await run.end();
  });
});
