import { memoryBackend } from "../../src/memory/memory-backend.ts";
import { Client } from "../../src/tracking/client.ts";

/** A client of an empty backend, and what comes to be in it. */
export function recordedRuns() {
  const client = new Client(memoryBackend());
  /** Every run of the default experiment, the oldest first. */
  const all = async () => {
    const found = [];
    const oldestFirst = { experimentIds: ["0"], orderBy: ["attributes.start_time ASC"] };
    for await (const run of client.runs.search(oldestFirst)) found.push(run);
    return found;
  };
  /** The only run there is. */
  const only = async () => {
    const runs = await all();
    const [run] = runs;
    if (run === undefined || runs.length > 1) throw new Error(`${runs.length} runs in the place of one`);
    return run;
  };
  /** Step and value of all that a metric was, in order. */
  const history = async (runId: string, key: string): Promise<[number, number][]> => {
    const { values, steps } = await client.runs.metricHistory(runId, key);
    return Array.from(values, (value, index) => [steps[index] as number, value]);
  };
  /** A JSON file of a run. */
  const artifact = async (runId: string, path: string): Promise<unknown> =>
    JSON.parse(new TextDecoder().decode(await client.artifacts.read({ runId, path })));
  return { client, all, only, history, artifact };
}
