import { TidemarkError } from "../../src/base/errors.ts";
import type { ArtifactStore } from "../../src/contract/artifact-store.ts";
import type { Backend } from "../../src/contract/backend.ts";
import type { TrackingStore } from "../../src/contract/tracking-store.ts";
import { memoryBackend } from "../../src/memory/memory-backend.ts";

/** A backend in memory that can be away, and can take a call whose answer is lost. */
export class AwayBackend {
  readonly behind = memoryBackend();
  isAway = false;
  /** Names of calls whose next answer is lost, though they are done. */
  readonly lost: string[] = [];
  readonly calls: string[] = [];
  readonly backend: Backend;

  constructor(identity = "away") {
    const { behind } = this;
    const tracking = this.#guard<TrackingStore>(behind.tracking);
    const artifacts = (uri: string) => this.#guard<ArtifactStore>(behind.artifacts(uri));
    this.backend = {
      ...behind,
      uri: "away:",
      tracking,
      artifacts,
      remote: {
        identity,
        sinkLimits: { retry: { baseMs: 1, capMs: 5, budgetMs: 2_000 } },
        tracking,
        openSink: ({ id }) => tracking.openSink(id),
        artifacts,
      },
    };
  }

  #guard<Store extends object>(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const value = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          this.calls.push(String(name));
          if (this.isAway) throw unavailable(false);
          const answer = await Reflect.apply(value, target, args);
          if (this.lost[0] === name) {
            this.lost.shift();
            throw unavailable(true);
          }
          return name === "openSink" ? this.#guardSink(answer) : answer;
        };
      },
    });
  }

  #guardSink(sink: Awaited<ReturnType<TrackingStore["openSink"]>>) {
    if (!("writeSync" in sink)) throw new Error("a sink in memory is synchronous");
    return {
      limits: sink.limits,
      write: async (...[batch]: Parameters<typeof sink.writeSync>) =>
        this.isAway ? { status: "retryable" as const, error: unavailable(false) } : sink.writeSync(batch),
      close: () => sink.close(),
    };
  }
}

const unavailable = (wasSent: boolean) =>
  new TidemarkError("TEMPORARILY_UNAVAILABLE", "scripted: away", { details: { wasSent } });
