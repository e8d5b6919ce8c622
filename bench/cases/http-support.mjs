// What the cases against a server share: runs of tidemark that spool to a scratch directory, and the bare loops they are measured by.
import { connect, startRun } from "tidemark";
import { Pool } from "undici";
import { scratchDirectory } from "./support.mjs";

process.env.TIDEMARK_SPOOL_DIR = scratchDirectory();

/** The server that the runner has started. */
export const [, , , , address] = process.argv;

const VALUES_A_BODY = 1_000;
const JSON_HEADERS = { "content-type": "application/json" };

/** Opens `count` runs of one client, which have told the server all that describes them and are ready to send values. */
export async function openRuns(count) {
  const client = await connect(address);
  const runs = await Promise.all(
    Array.from({ length: count }, () => startRun({ client, nested: true, captureEnvironment: false })),
  );
  for (const run of runs) run.setTag("bench", "http");
  await Promise.all(runs.map((run) => run.flush()));
  return { client, runs };
}

/** Ends runs that have delivered all their values, and sees that they have. */
export async function endRuns({ client, runs }, valuesEach) {
  for (const { stats } of runs) {
    const { acknowledged, pending, rejected, dropped } = stats;
    if (acknowledged < valuesEach || pending + rejected + dropped > 0) throw new Error(JSON.stringify(stats));
  }
  await Promise.all(runs.map((run) => run.end()));
  await client.close();
}

/**
 * The plainest client: bodies that are there already, posted back to back. The pool is free to take turns between connections, which
 * makes it faster than one alone: that one waits 40 ms in each request, for an acknowledgement that the kernel delays.
 */
export class BareLoop {
  #pool = new Pool(address);

  /** One after the other: many at once are more than the server's pool of connections to its database allows. */
  async createRuns(count) {
    const ids = [];
    while (ids.length < count) {
      const { run } = await this.post("runs/create", { experiment_id: "0", start_time: Date.now() });
      ids.push(run.info.run_id);
    }
    return ids;
  }

  async post(route, body) {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const { statusCode, body: answer } = await this.#pool.request({
      method: "POST",
      path: `/api/2.0/mlflow/${route}`,
      headers: JSON_HEADERS,
      body: text,
    });
    const json = await answer.json();
    if (statusCode !== 200) throw new Error(JSON.stringify(json));
    return json;
  }

  async close() {
    await this.#pool.close();
  }
}

/** The bodies that carry a run's values, as full as the server allows. */
export function logBatchBodies(runId, values, timestampOf) {
  return Array.from({ length: Math.ceil(values.length / VALUES_A_BODY) }, (_, index) => {
    const start = index * VALUES_A_BODY;
    const metrics = Array.from(values.subarray(start, start + VALUES_A_BODY), (value, at) => {
      const step = start + at;
      return { key: "loss", value, timestamp: timestampOf(step), step };
    });
    return JSON.stringify({ run_id: runId, metrics });
  });
}
