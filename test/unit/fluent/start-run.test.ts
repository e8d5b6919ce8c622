import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { activeRun, configure, connect, startRun, withRun } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";

const quiet = { captureEnvironment: false };

afterEach(() => vi.unstubAllEnvs());

describe("the active run", () => {
  it("is the newest that startRun opened and that has not ended", async () => {
    const client = await connect(memoryBackend());
    expect(activeRun()).toBeUndefined();
    const first = await startRun({ client, ...quiet });
    expect(activeRun()?.id).toBe(first.id);
    const second = await startRun({ client, ...quiet });
    expect(activeRun()?.id).toBe(second.id);
    await second.end();
    expect(activeRun()?.id).toBe(first.id);
    await first.end();
    expect(activeRun()).toBeUndefined();
  });

  it("inside withRun is that one, whatever else is open at the same time", async () => {
    const client = await connect(memoryBackend());
    const outer = await startRun({ client, ...quiet });
    const ids = await Promise.all(
      [1, 2, 3].map((n) =>
        withRun({ client, ...quiet }, async (run) => {
          await new Promise((resolve) => setTimeout(resolve, 5 * n));
          expect(activeRun()?.id).toBe(run.id);
          return run.id;
        }),
      ),
    );
    expect(new Set(ids).size).toBe(3);
    expect(activeRun()?.id).toBe(outer.id);
    await outer.end();
  });

  it("becomes the parent of a nested run", async () => {
    const client = await connect(memoryBackend());
    const parent = await startRun({ client, ...quiet });
    const nested = await startRun({ client, nested: true, ...quiet });
    const apart = await startRun({ client, ...quiet });
    await Promise.all([nested.end(), apart.end(), parent.end()]);
    expect((await client.runs.get(nested.id)).tags["mlflow.parentRunId"]).toBe(parent.id);
    expect((await client.runs.get(apart.id)).tags["mlflow.parentRunId"]).toBeUndefined();
  });
});

describe("where runs go", () => {
  it("option, then configure, then the environment", async () => {
    const directory = temporaryDirectory();
    vi.stubEnv("MLFLOW_TRACKING_URI", join(directory, "from-env"));
    await (await startRun(quiet)).end();
    expect(existsSync(join(directory, "from-env", "0", "meta.yaml"))).toBe(true);
    configure({ trackingUri: join(directory, "configured"), experiment: "conf" });
    const run = await startRun(quiet);
    await run.end();
    const client = await connect(join(directory, "configured"));
    expect((await client.experiments.get(run.experimentId)).name).toBe("conf");
    const memory = await connect(memoryBackend());
    const elsewhere = await startRun({ client: memory, experiment: "opt", ...quiet });
    await elsewhere.end();
    expect((await memory.experiments.getByName("opt"))?.id).toBe(elsewhere.experimentId);
  });

  it("MLFLOW_EXPERIMENT_NAME is made where missing; MLFLOW_EXPERIMENT_ID must exist and agree", async () => {
    vi.resetModules();
    Reflect.deleteProperty(globalThis, Symbol.for("tidemark"));
    const client = await connect(memoryBackend());
    configureNothing();
    vi.stubEnv("MLFLOW_EXPERIMENT_NAME", "from the environment");
    const run = await startRun({ client, ...quiet });
    await run.end();
    expect((await client.experiments.get(run.experimentId)).name).toBe("from the environment");
    vi.stubEnv("MLFLOW_EXPERIMENT_ID", "0");
    await expect(startRun({ client, ...quiet })).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
    vi.stubEnv("MLFLOW_EXPERIMENT_NAME", "");
    vi.stubEnv("MLFLOW_EXPERIMENT_ID", "123456");
    await expect(startRun({ client, ...quiet })).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
  });

  it("MLFLOW_RUN_ID is resumed by the first run only", async () => {
    const client = await connect(memoryBackend());
    const { id } = await client.runs.create({ experimentId: "0" });
    vi.stubEnv("MLFLOW_RUN_ID", id);
    const first = await startRun({ client, ...quiet });
    const second = await startRun({ client, ...quiet });
    expect(first.id).toBe(id);
    expect(second.id).not.toBe(id);
    await Promise.all([first.end(), second.end()]);
  });
});

/** Takes back what another test has configured: there is deliberately no public way. */
function configureNothing(): void {
  const state = (globalThis as unknown as Record<symbol, { fluent?: { configuration: object } }>)[
    Symbol.for("tidemark")
  ];
  if (state?.fluent !== undefined) state.fluent.configuration = {};
}

describe("TIDEMARK_DISABLED", () => {
  it("makes a run take everything and keep nothing", async () => {
    const directory = temporaryDirectory();
    vi.stubEnv("TIDEMARK_DISABLED", "1");
    vi.stubEnv("MLFLOW_TRACKING_URI", join(directory, "mlruns"));
    const run = await startRun({ experiment: "x", params: { a: 1 }, runId: "a".repeat(32) });
    run.logMetric("loss", 1);
    run.logParam("p", 1);
    await run.logText("x", "x.txt");
    await run.flush();
    const child = await run.startChild();
    await child.end();
    await run.end();
    expect(run.stats).toMatchObject({ pending: 0, dropped: 0 });
    expect(existsSync(join(directory, "mlruns"))).toBe(false);
  });
});

describe("bad input", () => {
  it.each([
    [() => configure({ trackingUrl: "x" } as never), "trackingUrl"],
    [() => configure({ experiment: " " }), "experiment"],
    [() => configure({ logger: {} as never }), "logger"],
  ])("of configure is refused by name", (call, named) => {
    expect(call).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining(named) }),
    );
  });

  it.each([
    [{ runId: "../../etc" }, "runId"],
    [{ client: {} }, "client"],
    [{ nested: "yes" }, "nested"],
    [{ tags: { "a@b": "x" } }, "a@b"],
    [{ flushIntervalMs: -1 }, "flushIntervalMs"],
    [{ parent: 5 }, "parent"],
  ])("of startRun is refused by name: %o", async (options, named) => {
    await expect(startRun(options as never)).rejects.toMatchObject({
      code: "INVALID_PARAMETER_VALUE",
      message: expect.stringContaining(named),
    });
  });

  it("of withRun is refused", async () => {
    await expect(withRun({}, undefined as never)).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
  });

  it("resuming what is not there says so", async () => {
    const client = await connect(memoryBackend());
    await expect(startRun({ client, runId: "f".repeat(32), ...quiet })).rejects.toMatchObject({
      code: "RESOURCE_DOES_NOT_EXIST",
    });
  });

  it("resuming a run of another experiment is refused", async () => {
    const client = await connect(memoryBackend());
    const run = await startRun({ client, experiment: "one", ...quiet });
    await run.end();
    await expect(startRun({ client, runId: run.id, experiment: "two", ...quiet })).rejects.toMatchObject({
      code: "INVALID_PARAMETER_VALUE",
    });
  });
});
