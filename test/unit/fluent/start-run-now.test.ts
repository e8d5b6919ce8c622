import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { setLogger } from "../../../src/base/diagnostics.ts";
import { registerBackend } from "../../../src/connect/backends.ts";
import { configure, defaultClient } from "../../../src/fluent/configure.ts";
import { startRunNow } from "../../../src/fluent/start-run-now.ts";
import { memoryBackend } from "../../../src/memory/memory-backend.ts";
import { listSpool } from "../../../src/queue/spool/spool.ts";
import { Client } from "../../../src/tracking/client.ts";
import { AwayBackend } from "../../support/away-backend.ts";
import { metricLines, temporaryDirectory } from "../../support/mlruns.ts";

const options = { experiment: "now", captureEnvironment: false } as const;

beforeEach(() => {
  const ignore = () => {};
  setLogger({ debug: ignore, info: ignore, warn: ignore });
  onTestFinished(() => {
    setLogger(undefined);
    vi.unstubAllEnvs();
  });
});

describe("a run that is opened without waiting", () => {
  it("is in its directory before the event loop turns, and takes values at once", () => {
    const mlruns = join(temporaryDirectory(), "mlruns");
    configure({ trackingUri: mlruns });
    const run = startRunNow({ ...options, params: { lr: 0.1 } });
    for (let step = 0; step < 5_000; step++) run?.logMetric("loss", step);
    expect(metricLines(mlruns, run?.id ?? "", "loss").length).toBeGreaterThanOrEqual(4_096);
    return run?.end();
  });

  it("shares the client of everybody else", async () => {
    configure({ trackingUri: join(temporaryDirectory(), "mlruns") });
    const run = startRunNow(options);
    await run?.end();
    const client = await defaultClient();
    expect((await client.runs.get(run?.id ?? "")).status).toBe("FINISHED");
  });

  it("for a server begins in the spool, and is there soon", async () => {
    const spool = temporaryDirectory();
    vi.stubEnv("TIDEMARK_SPOOL_DIR", spool);
    const place = new AwayBackend();
    const run = startRunNow({ ...options, client: new Client(place.backend) });
    expect(run?.id).toMatch(/^local-/);
    run?.logMetric("loss", 1);
    expect(listSpool(spool)).toHaveLength(1);
    await run?.end();
    expect(run?.backendId).toBeDefined();
    expect((await place.behind.tracking.getRun(run?.backendId ?? "")).metrics).toEqual({ loss: 1 });
    expect(listSpool(spool)).toEqual([]);
  });

  it("at a backend that has to be waited for waits in memory", async () => {
    const behind = memoryBackend();
    const tracking = new Proxy(behind.tracking, {
      get: (target, name) => {
        const value = name === "sync" ? undefined : Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const patient = { ...behind, tracking };
    const run = startRunNow({ ...options, client: new Client(patient) });
    run?.logMetric("loss", 1);
    await run?.end();
    expect((await behind.tracking.getRun(run?.backendId ?? "")).metrics).toEqual({ loss: 1 });
  });

  it("is none where even the backend has to be waited for, until somebody has", async () => {
    registerBackend("patient", async () => memoryBackend());
    configure({ trackingUri: "patient:" });
    expect(startRunNow(options)).toBeUndefined();
    await defaultClient();
    const run = startRunNow(options);
    expect(run?.status).toBe("RUNNING");
    await run?.end();
  });

  it("is refused as everywhere, and cannot be an old one", async () => {
    configure({ trackingUri: join(temporaryDirectory(), "mlruns") });
    expect(() => startRunNow({ ...options, runId: "abc" })).toThrow("runId");
    const client = await defaultClient();
    await client.experiments.delete(await client.experiments.create({ name: "gone" }));
    expect(() => startRunNow({ ...options, experiment: "gone" })).toThrow("is deleted");
  });

  it("gets the tags that take waiting as soon as they are there", async () => {
    configure({ trackingUri: join(temporaryDirectory(), "mlruns") });
    const run = startRunNow({ experiment: "now", tags: { "mlflow.user": "somebody" } });
    const client = await defaultClient();
    await vi.waitFor(async () => {
      await run?.flush();
      expect((await client.runs.get(run?.id ?? "")).tags["mlflow.source.git.commit"]).toMatch(/^[0-9a-f]{40}$/);
    });
    await run?.end();
    expect((await client.runs.get(run?.id ?? "")).tags).toMatchObject({
      "mlflow.user": "somebody",
      "tidemark.runtime": expect.stringContaining("node"),
    });
  });

  it("records nothing while Tidemark is switched off", async () => {
    vi.stubEnv("TIDEMARK_DISABLED", "1");
    const run = startRunNow(options);
    run?.logMetric("loss", 1);
    await run?.end();
    expect(run?.status).toBe("FINISHED");
  });
});
