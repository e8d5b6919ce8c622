import { describe, expect, it } from "vitest";
import type { Backend } from "../../../src/contract/backend.ts";
import type { Batch } from "../../../src/contract/batch.ts";
import type { SyncMetricSink } from "../../../src/contract/metric-sink.ts";
import { OK } from "../../../src/contract/outcome.ts";
import type { TrackingStore } from "../../../src/contract/tracking-store.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import type { BackendDifferences } from "../../contract/differences.ts";
import { backendContract } from "../../contract/suite.ts";

/** A backend of which some calls are others. The rest goes to the memory backend. */
function changed<T extends object>(store: T, calls: Partial<T>): T {
  return new Proxy(store, {
    get: (target, name) => {
      const value = calls[name as keyof T] ?? Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const withTracking = (change: (tracking: TrackingStore) => Partial<TrackingStore>) => (): Backend => {
  const backend = memoryBackend();
  return { ...backend, tracking: changed(backend.tracking, change(backend.tracking)) };
};

/** A sink between, which is given the whole batch and the sink that would take it. */
const withSink = (write: (batch: Batch, inner: SyncMetricSink) => ReturnType<SyncMetricSink["writeSync"]>) =>
  withTracking((tracking) => ({
    openSink: async (runId) => {
      const inner = (await tracking.openSink(runId)) as SyncMetricSink;
      return { limits: {}, writeSync: (batch) => write(batch, inner), close: () => inner.close() };
    },
  }));

async function failuresOf(makeBackend: () => Backend, differences?: BackendDifferences): Promise<string[]> {
  const failures: string[] = [];
  for (const { name, run } of backendContract(makeBackend, differences)) {
    await run().catch((error: unknown) => {
      if (!(error instanceof Error) || error.message === "") throw new Error(`${name}: fails without a word`);
      failures.push(name);
    });
  }
  return failures;
}

const without = (batch: Batch, length: number): Batch => ({ ...batch, metrics: { ...batch.metrics, length } });

describe("the contract suite catches a backend that", () => {
  it.each<[string, () => Backend, string]>([
    [
      "loses the last value of a batch",
      withSink((batch, inner) => inner.writeSync(without(batch, Math.max(0, batch.metrics.length - 1)))),
      "what a run logs: is kept to the last bit, by step, then timestamp, then as logged",
    ],
    [
      "takes a value twice",
      withSink((batch, inner) => {
        inner.writeSync(batch);
        return inner.writeSync(batch);
      }),
      "what a run logs: comes in stretches of any size",
    ],
    [
      "keeps numbers as float32",
      withSink((batch, inner) =>
        inner.writeSync({
          ...batch,
          metrics: { ...batch.metrics, values: Float64Array.from(Float32Array.from(batch.metrics.values)) },
        }),
      ),
      "what a run logs: is kept to the last bit, by step, then timestamp, then as logged",
    ],
    [
      "says it took a param that it refused",
      withSink((batch, inner) => {
        inner.writeSync(batch);
        return OK;
      }),
      "what a run logs: rejects a param that has changed, and only that; the same again is fine",
    ],
    [
      "takes values for a deleted run",
      withTracking((tracking) => ({
        openSink: async (runId) => {
          await tracking.restoreRun(runId);
          return tracking.openSink(runId);
        },
      })),
      "runs: are deleted and restored, and take nothing while they are deleted",
    ],
    [
      "answers an old copy of a run",
      withTracking((tracking) => {
        const seen = new Map<string, ReturnType<TrackingStore["getRun"]>>();
        return {
          getRun: (runId) => {
            const run = seen.get(runId) ?? tracking.getRun(runId);
            seen.set(runId, run);
            return run;
          },
        };
      }),
      "runs: change status, end and name, and nothing else",
    ],
    [
      "lists oldest first",
      withTracking((tracking) => ({
        searchRuns: (query) => tracking.searchRuns({ ...query, orderBy: query.orderBy ?? ["start_time"] }),
      })),
      "runs: are listed in pages, newest first, each once, whatever comes meanwhile",
    ],
    [
      "numbers pages, so that newcomers shift them",
      withTracking((tracking) => ({
        searchRuns: async (query) => {
          const { pageToken = "0", ...rest } = query;
          const start = Number(pageToken);
          if (Number.isNaN(start)) return tracking.searchRuns(query);
          const { items } = await tracking.searchRuns({ ...rest, maxResults: 1_000 });
          const end = start + query.maxResults;
          return { items: items.slice(start, end), ...(end < items.length ? { nextPageToken: String(end) } : {}) };
        },
      })),
      "runs: are listed in pages, newest first, each once, whatever comes meanwhile",
    ],
    [
      "knows no filter",
      withTracking((tracking) => ({ searchRuns: ({ filter: _, ...query }) => tracking.searchRuns(query) })),
      "runs: are found by what they hold, in the order asked for",
    ],
    [
      "answers the experiment that is there where a new one cannot be",
      withTracking((tracking) => ({
        createExperiment: (input) =>
          tracking
            .createExperiment(input)
            .catch(async () => (await tracking.getExperimentByName(input.name))?.id ?? ""),
      })),
      "experiments: are created once, however many ask at once",
    ],
    [
      "throws what it likes for a run that is missing",
      withTracking((tracking) => ({
        getRun: (runId) => tracking.getRun(runId).catch(() => Promise.reject(new Error("404"))),
      })),
      "runs: that are missing are said so",
    ],
    [
      "writes wherever a path leads",
      () => {
        const backend = memoryBackend();
        const artifacts = (uri: string) => changed(backend.artifacts(uri), { write: async () => {} });
        return { ...backend, artifacts };
      },
      "artifacts: never leave their root",
    ],
    [
      "counts versions anew after one was deleted",
      () => {
        const backend = memoryBackend();
        const { registry } = backend as Required<Backend>;
        const createVersion: typeof registry.createVersion = async (input) => {
          const { items } = await registry.searchVersions({ maxResults: 100, filter: `name = '${input.name}'` });
          return { ...(await registry.createVersion(input)), version: items.length + 1 };
        };
        return { ...backend, registry: changed(registry, { createVersion }) };
      },
      "versions: get numbers of their own, however many ask at once, and no number comes twice",
    ],
    [
      "lets a linked model be linked again",
      withTracking((tracking) => ({
        getRun: async (runId) => {
          const run = await tracking.getRun(runId);
          return { ...run, modelOutputs: run.modelOutputs.flatMap((output) => [output, output]) };
        },
      })),
      "logged models: are linked to a run that used or produced them, once each",
    ],
    [
      "takes marks for values that are not there yet",
      withSink((batch, inner) => {
        const { marks = [], ...rest } = batch;
        if (marks.length > 0) inner.writeSync({ ...without(batch, 0), marks });
        return inner.writeSync(rest);
      }),
      "a run that is taken back: drops what came behind a mark, whatever steps it has, and nothing else",
    ],
    [
      "takes a mark that comes twice for a new one",
      withSink((batch, inner) =>
        inner.writeSync({
          ...batch,
          marks: batch.marks?.map((mark) => ({ ...mark, id: String(Math.random()) })) ?? [],
        }),
      ),
      "a run that is taken back: has marks that move when they are made again, and stay when they come twice",
    ],
    [
      "cuts behind a step instead of before it",
      withTracking((tracking) => ({
        rewind: async (runId, to) => {
          if ("mark" in to) await tracking.rewind?.(runId, to);
          else await tracking.rewind?.(runId, { steps: new Map([...to.steps].map(([key, step]) => [key, step + 1])) });
        },
      })),
      "a run that is taken back: is to before a step of the keys that are named, in any order they came",
    ],
  ])("%s", async (_what, makeBackend, name) => {
    expect(await failuresOf(makeBackend)).toContain(name);
  });

  it("has no registry and does not say so", async () => {
    const bare = () => {
      const { registry: _, loggedModels: __, ...backend } = memoryBackend();
      return backend;
    };
    const failures = await failuresOf(bare);
    expect(failures.filter((name) => name.startsWith("versions: "))).not.toEqual([]);
    expect(await failuresOf(bare, { registry: false, loggedModels: false })).toEqual([]);
  });

  it("cannot take values back and does not say so", async () => {
    const bare = (): Backend => {
      const backend = memoryBackend();
      const tracking = new Proxy(backend.tracking, {
        get: (target, name) => {
          const value = name === "rewind" ? undefined : Reflect.get(target, name);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
      return { ...backend, tracking };
    };
    const failures = await failuresOf(bare);
    expect(failures.filter((name) => name.startsWith("a run that is taken back: "))).not.toEqual([]);
    expect(await failuresOf(bare, { rewind: false })).toEqual([]);
  });

  it("and finds nothing wrong with the one that stands behind these", async () => {
    expect(await failuresOf(() => memoryBackend())).toEqual([]);
  });
});

describe("a test of the suite", () => {
  it("closes its backend and removes its files, also where it fails", async () => {
    let open = 0;
    const makeBackend = () => {
      open++;
      const backend = withTracking(() => ({ getRun: () => Promise.reject(new Error("broken")) }))();
      const close = async () => {
        open--;
      };
      return { ...backend, close };
    };
    for (const { run } of backendContract(makeBackend)) await run().catch(() => {});
    expect(open).toBe(0);
  });
});
