import { memoryBackend } from "../../src/memory/memory-backend.ts";
import { Client } from "../../src/tracking/client.ts";

/** A client of an empty backend, and what comes to be in it. */
export function recordedRuns() {
  const client = new Client(memoryBackend());
  return {
    client,
    /** Every run of the default experiment, the oldest first. */
    async all() {
      const found = [];
      for await (const run of client.runs.search({ experimentIds: ["0"], orderBy: ["attributes.start_time ASC"] })) {
        found.push(run);
      }
      return found;
    },
    /** The only run there is. */
    async only() {
      const [run, ...others] = await this.all();
      if (run === undefined || others.length > 0) throw new Error(`${others.length + 1} runs, or none`);
      return run;
    },
    /** Values and steps of a metric. */
    async history(runId: string, key: string): Promise<[number, number][]> {
      const { values, steps } = await client.runs.metricHistory(runId, key);
      return Array.from(values, (value, index) => [steps[index] as number, value]);
    },
    async artifact(runId: string, path: string): Promise<unknown> {
      return JSON.parse(new TextDecoder().decode(await client.artifacts.read({ runId, path })));
    },
  };
}
