import { execFileSync } from "node:child_process";
import { totalmem } from "node:os";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setLogger } from "../../../src/base/diagnostics.ts";
import { TidemarkError } from "../../../src/base/errors.ts";
import { type SystemMetrics, startSystemMetrics } from "../../../src/tracking/system-metrics/system-metrics.ts";

const onLinux = process.platform === "linux";
let samples: Record<string, number>[];
let warnings: string[];
let running: SystemMetrics | undefined;

beforeEach(() => {
  samples = [];
  warnings = [];
  setLogger({ debug: () => {}, info: () => {}, warn: (message) => warnings.push(message) });
  vi.useFakeTimers({ toFake: ["performance"] });
});

afterEach(() => {
  running?.stop();
  vi.useRealTimers();
  vi.unstubAllEnvs();
  setLogger(undefined);
});

function start(options: { log?: (metrics: Record<string, number>) => void; intervalMs?: number } = {}): SystemMetrics {
  running = startSystemMetrics({ log: (metrics) => samples.push(metrics), ...options });
  return running;
}

/** Keeps a processor busy until the system has counted some of it. */
function burnTicks(): void {
  const start = process.cpuUsage();
  while (process.cpuUsage(start).user < 100_000) Math.sqrt(2);
}

describe("a sample", () => {
  it("has MLflow's names and plausible values", () => {
    const metrics = start();
    burnTicks();
    vi.advanceTimersByTime(10_000);
    metrics.sampleIfDue();
    expect(samples).toHaveLength(1);
    const sample = samples[0] as Record<string, number>;
    expect(Object.keys(sample).sort()).toEqual([
      "system/cpu_utilization_percentage",
      "system/disk_available_megabytes",
      "system/disk_usage_megabytes",
      "system/disk_usage_percentage",
      ...(onLinux ? ["system/network_receive_megabytes", "system/network_transmit_megabytes"] : []),
      "system/system_memory_usage_megabytes",
      "system/system_memory_usage_percentage",
    ]);
    for (const [name, value] of Object.entries(sample)) {
      expect(value, name).toBeGreaterThanOrEqual(0);
      if (name.endsWith("percentage")) expect(value, name).toBeLessThanOrEqual(100);
    }
    expect(sample["system/cpu_utilization_percentage"]).toBeGreaterThan(0);
    const memory = sample["system/system_memory_usage_megabytes"] as number;
    expect((memory * 1e6) / totalmem()).toBeCloseTo(
      (sample["system/system_memory_usage_percentage"] as number) / 100,
      6,
    );
  });

  it.runIf(onLinux)("has the disk use that df tells", () => {
    const metrics = start();
    vi.advanceTimersByTime(10_000);
    metrics.sampleIfDue();
    const table = execFileSync("df", ["-B1", "--output=used,avail", "/"], { encoding: "utf8" });
    const [used = 0, available = 0] = (table.match(/\d+/g) ?? []).map(Number);
    const sample = samples[0] as Record<string, number>;
    // Other programs write meanwhile.
    expect((sample["system/disk_usage_megabytes"] as number) / (used / 1e6)).toBeCloseTo(1, 1);
    expect((sample["system/disk_available_megabytes"] as number) / (available / 1e6)).toBeCloseTo(1, 1);
    expect(sample["system/disk_usage_percentage"]).toBeCloseTo((100 * used) / (used + available), 0);
  });

  it("names the node it comes from", () => {
    vi.stubEnv("MLFLOW_SYSTEM_METRICS_NODE_ID", "node_0");
    const metrics = start();
    vi.advanceTimersByTime(10_000);
    metrics.sampleIfDue();
    expect(samples[0]).toHaveProperty(["system/node_0/system_memory_usage_percentage"]);
  });
});

describe("sampling", () => {
  it("happens once per interval, also for a caller who asks all the time", () => {
    const metrics = start();
    for (let ms = 0; ms < 35_000; ms += 500) {
      metrics.sampleIfDue();
      vi.advanceTimersByTime(500);
    }
    expect(samples).toHaveLength(3);
  });

  it("does not start again from the logging of a sample", () => {
    const metrics = start({
      log: (sample) => {
        samples.push(sample);
        metrics.sampleIfDue();
      },
    });
    vi.advanceTimersByTime(60_000);
    metrics.sampleIfDue();
    expect(samples).toHaveLength(1);
  });

  it("ends with stop", () => {
    const metrics = start();
    metrics.stop();
    vi.advanceTimersByTime(60_000);
    metrics.sampleIfDue();
    expect(samples).toEqual([]);
  });

  it("follows the interval of the environment, in seconds", () => {
    vi.stubEnv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.5");
    const metrics = start({ intervalMs: 60_000 });
    vi.advanceTimersByTime(500);
    metrics.sampleIfDue();
    expect(samples).toHaveLength(1);
  });

  it("warns about an interval that is none and keeps the default", () => {
    vi.stubEnv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "soon");
    const metrics = start();
    vi.advanceTimersByTime(9_000);
    metrics.sampleIfDue();
    expect(samples).toEqual([]);
    vi.advanceTimersByTime(1_000);
    metrics.sampleIfDue();
    expect(samples).toHaveLength(1);
    expect(warnings).toEqual([expect.stringContaining("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL is ignored: soon")]);
  });

  it("ends quietly with the run, and with a warning for any other error", () => {
    let calls = 0;
    const failWith = (error: Error) => () => {
      calls++;
      throw error;
    };
    for (const error of [new TidemarkError("RUN_ENDED", "run 1 has ended"), new Error("no room")]) {
      const metrics = start({ log: failWith(error) });
      for (let round = 0; round < 3; round++) {
        vi.advanceTimersByTime(10_000);
        metrics.sampleIfDue();
      }
    }
    expect(calls).toBe(2);
    expect(warnings).toEqual([expect.stringContaining("no room")]);
  });

  it("goes on by a timer, with nobody asking", async () => {
    vi.useRealTimers();
    await new Promise<void>((enough) => {
      start({ intervalMs: 5, log: (sample) => samples.push(sample) === 3 && enough() });
    });
    expect(samples).toHaveLength(3);
  });

  it("does not keep the process alive", () => {
    const module = new URL("../../../src/tracking/system-metrics/system-metrics.ts", import.meta.url).pathname;
    const code = `const { build } = await import("esbuild");
      const { outputFiles } = await build({ entryPoints: [${JSON.stringify(module)}], bundle: true, write: false,
        format: "esm", platform: "node" });
      const url = "data:text/javascript;base64," + Buffer.from(outputFiles[0].contents).toString("base64");
      const { startSystemMetrics } = await import(url);
      startSystemMetrics({ log: () => {}, intervalMs: 3_600_000 });
      console.log("started");`;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", code], {
      encoding: "utf8",
      timeout: 15_000,
    });
    expect(output).toBe("started\n");
  });
});
