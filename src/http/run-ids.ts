import { z } from "zod";
import { isLocalRunId } from "../base/ids.ts";
import { noSuchRun } from "../base/store-errors.ts";
import { LOCAL_RUN_ID_TAG, runIdSchema } from "../schema/run.ts";
import type { RestClient } from "./rest-client.ts";
import { API } from "./routes.ts";

/** The most experiments a page of the server's list holds. */
const PAGE_EXPERIMENTS = 1_000;

const experimentIds = z.object({
  experiments: z.array(z.object({ experiment_id: z.string() })).default([]),
  next_page_token: z.string().optional(),
});
const runIds = z.object({ runs: z.array(z.object({ info: z.object({ run_id: z.string() }) })).default([]) });

/** The ids by which the server knows its runs. A run that began without it is found by the tag with its local id. */
export class RunIds {
  readonly #rest: RestClient;
  readonly #found = new Map<string, string>();

  constructor(rest: RestClient) {
    this.#rest = rest;
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`; what is no id is not sent: in a path it could lead elsewhere */
  async resolve(runId: string): Promise<string> {
    if (!runIdSchema.safeParse(runId).success) throw noSuchRun(runId, this.#rest.base);
    if (!isLocalRunId(runId)) return runId;
    const found = this.#found.get(runId) ?? (await this.#search(runId));
    if (found === undefined) throw noSuchRun(runId, this.#rest.base);
    this.#found.set(runId, found);
    return found;
  }

  /** Nobody knows in which experiment it is. */
  async #search(localRunId: string): Promise<string | undefined> {
    const filter = `tags.\`${LOCAL_RUN_ID_TAG}\` = '${localRunId}'`;
    let token: string | undefined;
    do {
      const wanted = { view_type: "ALL", max_results: PAGE_EXPERIMENTS, page_token: token };
      const page = await this.#ask("experiments/search", wanted, experimentIds);
      const ids = page.experiments.map(({ experiment_id: id }) => id);
      const body = { experiment_ids: ids, run_view_type: "ALL", filter, max_results: 1 };
      const found = ids.length === 0 ? undefined : (await this.#ask("runs/search", body, runIds)).runs[0];
      if (found !== undefined) return found.info.run_id;
      token = page.next_page_token === "" ? undefined : page.next_page_token;
    } while (token !== undefined);
    return undefined;
  }

  #ask<Schema extends z.ZodType>(route: string, body: object, answer: Schema): Promise<z.output<Schema>> {
    return this.#rest.call({ method: "POST", path: `${API}/${route}`, body, isRepeatable: true }, answer);
  }
}
