import { describe, expect, it } from "vitest";
import type { IndexChunk } from "../../../../../src/s3/store/chunk/index-chunk.ts";
import { PlainChunk } from "../../../../../src/s3/store/chunk/plain-chunk.ts";
import { openChunk } from "../../../../../src/s3/store/chunk/read-chunk.ts";
import { chunkBytes } from "../../../../../src/s3/store/chunk/write-chunk.ts";
import { newExperiment } from "../../../../../src/s3/store/experiment-head.ts";
import { FoundRun } from "../../../../../src/s3/store/found-run.ts";
import { RUN_COLUMNS, searchedColumns } from "../../../../../src/s3/store/run-columns.ts";
import { type RunHead, runHeadSchema } from "../../../../../src/s3/store/run-head.ts";
import { parseFilter } from "../../../../../src/search/filter.ts";
import { parseOrderBy } from "../../../../../src/search/order-by.ts";
import { cutPage } from "../../../../../src/search/page.ts";
import { RUN_VOCABULARY } from "../../../../../src/search/vocabulary.ts";
import { randomFrom, SEED } from "../../../../support/random.ts";
import { awkwardHead } from "../../../../support/run-heads.ts";

const FILTERS = [
  undefined,
  "metrics.loss < 0.5",
  "metrics.loss >= 0 AND metrics.accuracy != 0.3",
  "metrics.loss > -1e300",
  "metrics.`val/loss` <= 0.5",
  'metrics."__proto__" > 0',
  "metrics.nowhere = 1",
  "params.model = 'cnn'",
  "params.model != 'cnn'",
  "params.model LIKE 'c%'",
  "params.model ILIKE 'C%'",
  "params.model IS NULL",
  "params.model IS NOT NULL AND tags.model IS NULL",
  "params.`__proto__` = 'x'",
  "params.constructor IS NOT NULL",
  "params.`with space` = 'x'",
  "params.\"dotted.key\" LIKE '%'",
  "params.dotted.key IS NOT NULL",
  "params.`ключ` IS NOT NULL",
  "params.`🎯` != ''",
  "params.`param.7` = '7'",
  "params.toString IS NULL",
  "tags.model ILIKE '%n%'",
  "tags.`__proto__` IS NOT NULL",
  "run_id = 'run-0003'",
  "run_id IN ('run-0001', 'run-0002', 'nobody')",
  "run_id NOT IN ('run-0001')",
  "run_name LIKE '%100%'",
  "attributes.status = 'FINISHED'",
  "status != 'RUNNING' AND user_id = 'ann'",
  "artifact_uri LIKE 's3://other/%'",
  "artifact_uri LIKE 's3://bucket/%'",
  "start_time > 1700000000010 AND end_time < 1700000100100",
  "end_time != 0",
  "dataset.name = 'train'",
  "dataset.digest IN ('d1', 'd2')",
  "datasets.context = 'training' AND dataset.name LIKE 't%'",
];
const ORDERS: readonly (readonly string[] | undefined)[] = [
  undefined,
  ["metrics.loss"],
  ["metrics.loss DESC", "metrics.accuracy ASC"],
  ["metrics.`__proto__` DESC"],
  ["params.model", "tags.model DESC"],
  ["start_time ASC"],
  ["end_time DESC"],
  ["run_name", "status DESC", "user_id"],
  ["artifact_uri"],
  ["run_id DESC"],
];

const URI = "s3://bucket/store";
const experiment = { ...newExperiment("0", { name: "Default" }), restores: 1 };
const kind = { schema: runHeadSchema, columns: RUN_COLUMNS, isGone: ({ isGone }: RunHead) => isGone === true };

/** What a search in a chunk finds, with what it says of each run. */
async function search(chunk: IndexChunk<RunHead>, filter: string | undefined, orderBy: readonly string[] | undefined) {
  const matches = parseFilter(filter, RUN_VOCABULARY);
  const order = parseOrderBy(orderBy, RUN_VOCABULARY);
  await chunk.load(searchedColumns([...matches.fields, ...order.map(({ field }) => field)]));
  const runs = chunk.ids.map((_, at) => new FoundRun(chunk.row(at), experiment, URI));
  const { items, nextPageToken } = cutPage(
    runs.filter(matches),
    (run) => run,
    order,
    { maxResults: 40 },
    (run) => run,
  );
  const stages = items.map(({ lifecycleStage, isOpen }) => [lifecycleStage, isOpen]);
  return { entities: await Promise.all(items.map((run) => run.entity())), stages, nextPageToken };
}

describe("a search by columns finds what a search over heads finds", () => {
  const random = randomFrom(SEED);
  const heads = Array.from({ length: 120 }, (_, n) => awkwardHead(n, random));
  const byHeads = new PlainChunk(heads, kind);
  const byColumns = (async () => await openChunk(await chunkBytes(heads, RUN_COLUMNS), "chunk", kind, []))();

  it.each(FILTERS)(`seed ${SEED}: %s`, async (filter) => {
    for (const orderBy of ORDERS)
      expect(await search(await byColumns, filter, orderBy)).toEqual(await search(byHeads, filter, orderBy));
  });

  it("and most of these filters find something, but not everything", async () => {
    const found = await Promise.all(FILTERS.map((filter) => search(byHeads, filter, undefined)));
    expect(found.filter(({ entities: { length } }) => length > 0).length).toBeGreaterThan(FILTERS.length * 0.8);
  });
});
