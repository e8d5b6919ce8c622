import { z } from "zod";
import { orderPoints } from "../base/point-order.ts";
import type { MetricHistory } from "../schema/metric.ts";
import { metricValue } from "./answers.ts";
import type { RestClient } from "./rest-client.ts";
import { API } from "./routes.ts";

/** About 2 MB of JSON. */
const PAGE_VALUES = 25_000;

const historyPage = z.object({
  metrics: z
    .array(z.object({ value: metricValue, timestamp: z.number().default(0), step: z.number().default(0) }))
    .default([]),
  next_page_token: z.string().optional(),
});

/** Reads the history of a metric page by page into columns. */
export async function readHistory(rest: RestClient, runId: string, key: string): Promise<MetricHistory> {
  const pages: z.output<typeof historyPage>["metrics"][] = [];
  let token: string | undefined;
  do {
    const query = { run_id: runId, metric_key: key, max_results: PAGE_VALUES, page_token: token };
    const page = await rest.call({ method: "GET", path: `${API}/metrics/get-history`, query }, historyPage);
    pages.push(page.metrics);
    token = page.next_page_token === "" ? undefined : page.next_page_token;
  } while (token !== undefined);
  const points = pages.flat();
  return orderPoints({
    steps: Float64Array.from(points, ({ step }) => step),
    timestamps: Float64Array.from(points, ({ timestamp }) => timestamp),
    values: Float64Array.from(points, ({ value }) => value),
  });
}
