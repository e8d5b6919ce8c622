import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";

interface LogBatch {
  readonly metrics?: readonly { readonly step?: number | string }[];
}

/** What stands in for an MLflow server where a real one would take minutes: one run, whose values it only counts. */
export interface CountingServer {
  /** How often each step came, of whatever metric. */
  readonly timesOfStep: Uint8Array;
  /** The run's status as it was told last. */
  readonly status: string;
  readonly creations: number;
  /** Calls of log-batch so far. */
  readonly batches: number;
}

/**
 * Listens on a port until the test ends.
 *
 * @param delayMs - How long it takes to answer after it has counted.
 */
export async function startCountingServer(port: number, steps: number, delayMs = 0): Promise<CountingServer> {
  const timesOfStep = new Uint8Array(steps);
  const told = { timesOfStep, status: "RUNNING", creations: 0, batches: 0 };
  const tags = new Map<string, string>();
  const run = () => ({
    info: {
      run_id: RUN_ID,
      experiment_id: "1",
      status: told.status,
      start_time: 1,
      artifact_uri: "mlflow-artifacts:/1",
      lifecycle_stage: "active",
    },
    data: { tags: [...tags].map(([key, value]) => ({ key, value })) },
  });
  const experiment = {
    experiment_id: "1",
    name: "counted",
    artifact_location: "mlflow-artifacts:/1",
    lifecycle_stage: "active",
  };
  const answers: Record<string, (body: never) => object> = {
    "experiments/get-by-name": () => ({ experiment }),
    "experiments/get": () => ({ experiment }),
    "runs/create": (body: { tags?: { key: string; value: string }[] }) => {
      told.creations++;
      for (const { key, value } of body.tags ?? []) tags.set(key, value);
      return { run: run() };
    },
    "runs/get": () => ({ run: run() }),
    // Nothing is searched for here but runs with a tag, and there is one run.
    "runs/search": () => ({ runs: told.creations === 0 ? [] : [run()] }),
    "runs/log-batch": ({ metrics = [] }: LogBatch) => {
      told.batches++;
      for (const { step } of metrics) timesOfStep[Number(step)] = (timesOfStep[Number(step)] ?? 0) + 1;
      return {};
    },
    "runs/set-tag": () => ({}),
    "runs/update": ({ status }: { status?: string }) => {
      told.status = status ?? told.status;
      return { run_info: run().info };
    },
  };
  const server = createServer(async (incoming, response) => {
    const route = /\/mlflow\/(.*?)(\?.*)?$/.exec(incoming.url ?? "")?.[1] ?? "";
    const body = await bodyOf(incoming);
    const answer = answers[route]?.(body as never);
    if (delayMs > 0) await sleep(delayMs);
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? { error_code: "ENDPOINT_NOT_FOUND", message: route }));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return told;
}

const RUN_ID = "c0ffee00000000000000000000000000";

const bodyOf = async (incoming: IncomingMessage): Promise<unknown> =>
  incoming.method === "GET" ? {} : await json(incoming);
