/** A point of a metric as the server has it. */
export interface StoredPoint {
  readonly value: number | string;
  readonly step: number;
  readonly timestamp: number;
}

/** A run as the server has it. */
export interface StoredRun {
  readonly id: string;
  readonly status: string;
  readonly endTime: number | undefined;
  readonly isDeleted: boolean;
  /** The latest value of each. */
  readonly metrics: Readonly<Record<string, number | string>>;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

interface Pair {
  readonly key: string;
  readonly value?: string;
}

interface RunAnswer {
  readonly info: {
    readonly run_id: string;
    readonly status: string;
    readonly end_time?: number;
    readonly lifecycle_stage: string;
  };
  readonly data: {
    readonly metrics?: readonly { readonly key: string; readonly value: number | string }[];
    readonly params?: readonly Pair[];
    readonly tags?: readonly Pair[];
  };
}

/** Reads an MLflow server without any code of tidemark, so that its mistakes cannot hide each other. */
export class PlainRest {
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  /** Every run of an experiment, deleted ones too; none where there is no such experiment. */
  async runsOf(experiment: string): Promise<StoredRun[]> {
    const known = await this.#get("experiments/get-by-name", { experiment_name: experiment });
    if (known === undefined) return [];
    const { experiment_id } = known.experiment as { experiment_id: string };
    const body = { experiment_ids: [experiment_id], run_view_type: "ALL", max_results: 1_000 };
    const { runs = [] } = (await this.#ask("runs/search", { method: "POST", body: JSON.stringify(body) })) as {
      runs?: RunAnswer[];
    };
    return runs.map(({ info, data }) => ({
      id: info.run_id,
      status: info.status,
      endTime: info.end_time,
      isDeleted: info.lifecycle_stage === "deleted",
      metrics: Object.fromEntries((data.metrics ?? []).map(({ key, value }) => [key, value])),
      params: pairs(data.params),
      tags: pairs(data.tags),
    }));
  }

  /** Every point of a metric, in the server's order. */
  async history(runId: string, key: string): Promise<StoredPoint[]> {
    const points: StoredPoint[] = [];
    for (let page_token = ""; ; ) {
      const query = {
        run_id: runId,
        metric_key: key,
        max_results: "25000",
        ...(page_token === "" ? {} : { page_token }),
      };
      const page = await this.#get("metrics/get-history", query);
      points.push(...((page?.metrics ?? []) as StoredPoint[]));
      page_token = (page?.next_page_token ?? "") as string;
      if (page_token === "") return points;
    }
  }

  #get(route: string, query: Readonly<Record<string, string>>) {
    return this.#ask(`${route}?${new URLSearchParams(query)}`, { method: "GET" });
  }

  async #ask(route: string, init: RequestInit): Promise<Record<string, unknown> | undefined> {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${this.#address}/api/2.0/mlflow/${route}`, { ...init, headers });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${route}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  }
}

const pairs = (list: readonly Pair[] = []): Record<string, string> =>
  Object.fromEntries(list.map(({ key, value = "" }) => [key, value]));
