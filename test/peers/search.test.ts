import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Client } from "../../src/index.ts";
import { connect, dataset, startRun, TidemarkError } from "../../src/index.ts";
import { defined } from "../../src/tracking/defined.ts";
import { leftOut } from "../support/peers.ts";
import { runPython } from "../support/python.ts";
import { type ExpressionWords, type SearchExpression, searchExpressions } from "../support/search-expressions.ts";

/** The same every time: a test that fails must fail again. */
const SEED = 20_261_123;

let directory: string;
let client: Client;
let experimentId: string;

/** What Python MLflow answers: names in order, or `null` where it refuses. */
async function askPython(entity: string, queries: readonly object[]): Promise<(string[] | null)[]> {
  const file = join(directory, `${entity}.json`);
  writeFileSync(file, JSON.stringify(queries.map((query) => ({ entity, ...query }))));
  const uri = pathToFileURL(join(directory, "mlruns")).href;
  return (await runPython("search.py", [uri, experimentId, file], directory)) as (string[] | null)[];
}

async function expectAgreement<Query extends object>(
  entity: string,
  queries: readonly Query[],
  search: (query: Query) => Promise<string[]>,
): Promise<void> {
  const theirs = await askPython(entity, queries);
  const disagreements: unknown[] = [];
  for (const [index, query] of queries.entries()) {
    let ours: string[] | null;
    try {
      ours = await search(query);
    } catch (error) {
      if (!(error instanceof TidemarkError) || error.code !== "INVALID_PARAMETER_VALUE") throw error;
      ours = null;
    }
    const python = theirs[index] as string[] | null;
    if (JSON.stringify(ours) !== JSON.stringify(python)) disagreements.push({ ...query, ours, python });
  }
  expect(disagreements).toEqual([]);
  // A grammar that refuses all, or finds nothing, would agree as well.
  expect(theirs.filter((answer) => answer === null).length).toBeGreaterThan(5);
  expect(theirs.filter((answer) => answer !== null && answer.length > 0).length).toBeGreaterThan(queries.length / 4);
}

const generated = (words: ExpressionWords, count: number) =>
  fc.sample(searchExpressions(words), { numRuns: count, seed: SEED });

describe.skipIf(leftOut("python"))("searching as Python does, in the same directory", () => {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "tidemark-"));
    client = await connect(join(directory, "mlruns"));
    experimentId = await client.experiments.create({ name: "searched" });
    await writeRuns();
    await writeExperiments();
    await writeRegistry();
    await writeLoggedModels();
    return () => rmSync(directory, { recursive: true, force: true });
  });

  it("runs", async () => {
    const words: ExpressionWords = {
      numbers: [
        "metrics.loss",
        "metric.`val loss`",
        "metrics.odd",
        "metrics.absent",
        "start_time",
        "attributes.end_time",
        "created",
      ],
      texts: [
        "params.optimizer",
        "param.`batch size`",
        "parameters.absent",
        "tags.team",
        'tag."a.b/c"',
        "tags.mlflow.source.type",
        "status",
        "attribute.run_name",
        "attr.user_id",
        "run.artifact_uri",
        "run_id",
        "dataset.name",
        "datasets.digest",
        "dataset.context",
      ],
      lists: ["run_id", "attributes.run_id", "dataset.name", "dataset.context"],
      nullable: ["params.optimizer", "tags.team", "tag.absent", "params.`batch size`"],
      orders: [
        "metrics.loss",
        "metrics.odd",
        "params.optimizer",
        "tags.team",
        "start_time",
        "run_name",
        "status",
        "end_time",
        "`metrics`.loss",
      ],
      numberValues: ["0", "0.5", "-1", "1e-3", ".25", "1700000000003", "2"],
      textValues: [
        "'adam'",
        "'sgd'",
        '"vision"',
        "'%a%'",
        "'_dam'",
        "'ADAM'",
        "'%'",
        "''",
        "'RUNNING'",
        "'FINISHED'",
        "'run 3'",
        "'digits'",
        "'training'",
        "'Größe%'",
      ],
    };
    const queries = [...RUN_EXPRESSIONS, ...RUN_ORDERS, ...generated(words, 250)];
    await expectAgreement("runs", queries, async (query) => {
      const { items } = await client.runs
        .search({ experimentIds: [experimentId], viewType: "all", ...asked(query) })
        .page();
      return items.map(({ id }) => id);
    });
  });

  it("experiments", async () => {
    const words: ExpressionWords = {
      numbers: ["creation_time", "attribute.last_update_time"],
      texts: ["name", "attribute.name", "tags.team", "tag.`a b`", "experiment_id"],
      lists: ["experiment_id"],
      nullable: ["tags.team", "tag.`a b`"],
      orders: ["name", "experiment_id", "creation_time", "attribute.last_update_time"],
      numberValues: ["0", "1700000000000", "9e15"],
      textValues: ["'vision'", "'experiment 2'", "'exp%'", "'EXP%'", "'%'", "'0'", '"text"', "''"],
    };
    const queries = [...EXPERIMENT_EXPRESSIONS, ...generated(words, 60)];
    await expectAgreement("experiments", queries, async (query) => {
      const { items } = await client.experiments.search({ viewType: "all", ...asked(query) }).page();
      return items.map(({ id }) => id);
    });
  });

  it("registered models", async () => {
    const words: ExpressionWords = {
      numbers: [],
      texts: ["name", "attribute.name", "tags.task", "tag.`a b`", "tags.absent"],
      lists: ["name"],
      nullable: [],
      orders: ["name", "creation_timestamp", "attribute.last_updated_timestamp"],
      numberValues: ["1"],
      textValues: ["'vision'", "'model 2'", "'model%'", "'MODEL _'", "'%'", '"text"', "'prompt'", "''"],
    };
    await expectAgreement("models", [...MODEL_EXPRESSIONS, ...generated(words, 60)], async (query) => {
      const { items } = await client.registry.searchModels(asked(query)).page();
      return items.map(({ name }) => name);
    });
  });

  it("model versions", async () => {
    const words: ExpressionWords = {
      numbers: ["version_number", "attribute.version_number"],
      texts: ["name", "run_id", "source_path", "tags.good", "tag.`a b`"],
      lists: ["name", "run_id"],
      nullable: [],
      orders: ["name", "version_number", "creation_timestamp", "last_updated_timestamp DESC, ", "attribute.name"],
      numberValues: ["1", "2", "0", "-1", "1e3"],
      textValues: ["'model 1'", "'model%'", "'s3://%'", "'%/2'", "'yes'", '"no"', "''", "'%'"],
    };
    await expectAgreement("versions", [...VERSION_EXPRESSIONS, ...generated(words, 60)], async (query) => {
      const { items } = await client.registry.searchVersions(asked(query)).page();
      return items.map(({ name, version }) => `${name}/${version}`);
    });
  });

  it("logged models", async () => {
    const words: ExpressionWords = {
      numbers: [
        "metrics.loss",
        "metric.`val loss`",
        "metrics.absent",
        "creation_timestamp",
        "attributes.creation_timestamp",
      ],
      texts: ["name", "attributes.name", "model_type", "source_run_id", "params.depth", "tags.good", "tag.absent"],
      lists: ["name", "model_type"],
      nullable: [],
      orders: ["name"],
      numberValues: ["0", "0.5", "-1", "1e9"],
      textValues: ["'logged 1'", "'logged%'", "'cnn'", "'CNN'", "'2'", "'yes'", "'%'", '"x"', "''"],
    };
    const datasets = [
      undefined,
      [{ datasetName: "digits" }],
      [{ datasetName: "digits", datasetDigest: "d1" }, { datasetName: "rows" }],
    ];
    const orders = [
      undefined,
      [{ fieldName: "metrics.loss" }],
      [{ fieldName: "metrics.loss", ascending: false }],
      [{ fieldName: "name", ascending: false }],
      [{ fieldName: "metrics.loss", datasetName: "digits", datasetDigest: "d1" }],
      [{ fieldName: "creation_time" }],
      [{ fieldName: "params.depth" }],
      [{ fieldName: "nonsense" }],
      [{ fieldName: "metrics.loss", datasetDigest: "d1" }],
    ];
    const filters = [...LOGGED_MODEL_FILTERS, ...generated(words, 60).map(({ filter }) => filter)];
    const queries = filters.map((filter, index) =>
      defined({ filter, datasets: datasets[index % datasets.length], orderBy: orders[index % orders.length] }),
    );
    await expectAgreement("logged_models", queries, async (query) => {
      const { items } = await client.loggedModels.search({ experimentIds: [experimentId], ...query }).page();
      return items.map(({ id }) => id);
    });
  });
});

const asked = ({ filter, orderBy }: SearchExpression) => ({
  ...(filter === undefined ? {} : { filter }),
  ...(orderBy === undefined ? {} : { orderBy: [...orderBy] }),
});

async function writeRuns(): Promise<void> {
  const digits = dataset({ name: "digits", data: [1, 2, 3] });
  const rows = dataset({ name: "rows", data: [{ a: 1 }] });
  for (let i = 0; i < 24; i++) {
    const { id } = await client.runs.create({
      experimentId,
      name: `run ${i}`,
      startTime: 1_700_000_000_000 + Math.floor(i / 3),
      userId: i % 4 === 0 ? "ann" : "bob",
    });
    const oddities = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0.25];
    await client.runs.logBatch({
      runId: id,
      metrics: [
        ...(i % 5 === 0 ? [] : [{ key: "loss", value: (i % 7) / 4 - 0.5 }]),
        { key: "val loss", value: i / 10 },
        ...(i % 2 === 0 ? [{ key: "odd", value: oddities[i % 5] as number }] : []),
      ],
      params: [
        ...(i % 3 === 0 ? [] : [{ key: "optimizer", value: ["adam", "sgd", "Adam", "ADAM"][i % 4] as string }]),
        { key: "batch size", value: String(i % 4) },
      ],
      tags: [
        ...(i % 4 === 1
          ? []
          : [{ key: "team", value: ["vision", "text", "Größe 名前", "𝒜", "\uffee", ""][i % 6] as string }]),
        { key: "a.b/c", value: "100%" },
        { key: "mlflow.source.type", value: "LOCAL" },
      ],
    });
    const inputs = [
      ...(i % 3 === 0 ? [{ dataset: digits, tags: { "mlflow.data.context": "training" } }] : []),
      ...(i % 6 === 0 ? [{ dataset: rows, tags: {} }] : []),
    ];
    if (inputs.length > 0) await client.runs.logInputs({ runId: id, datasets: inputs });
    if (i % 3 === 1) await client.runs.update({ runId: id, status: "FINISHED", endTime: 1_700_000_001_000 + i });
    if (i % 8 === 7) await client.runs.delete(id);
  }
}

async function writeExperiments(): Promise<void> {
  for (let i = 0; i < 6; i++) {
    const id = await client.experiments.create({
      name: `experiment ${i}`,
      tags: { ...(i % 2 === 0 ? { team: i % 4 === 0 ? "vision" : "text" } : {}), "a b": "x" },
    });
    if (i === 3) await client.experiments.delete(id);
    if (i === 4) await client.experiments.update({ experimentId: id, name: "Experiment four" });
  }
}

async function writeRegistry(): Promise<void> {
  const { id: runId } = await client.runs.create({ experimentId, name: "of a version" });
  for (let i = 0; i < 6; i++) {
    const name = i === 5 ? "prompt" : `model ${i}`;
    const tags = { ...(i % 2 === 0 ? { task: i === 0 ? "vision" : "text" } : {}), "a b": "x" };
    await client.registry.createModel({ name, tags: i === 5 ? { "mlflow.prompt.is_prompt": "true" } : tags });
    for (let number = 1; number <= i % 4; number++) {
      await client.registry.createVersion({
        name,
        source: `s3://models/${i}/${number}`,
        tags: number === 2 ? { good: "yes" } : { good: "no", "a b": "" },
        ...(i === 3 ? { runId } : {}),
      });
    }
  }
  await client.registry.deleteVersion({ name: "model 3", version: 2 });
  await client.registry.updateVersion({ name: "model 2", version: 1, description: "changed last" });
}

async function writeLoggedModels(): Promise<void> {
  const { id: runId } = await client.runs.create({ experimentId, name: "measures models" });
  const run = await startRun({ client, runId, captureEnvironment: false });
  for (let i = 0; i < 6; i++) {
    const { id: model } = await client.loggedModels.create({
      experimentId,
      name: `logged ${i}`,
      ...(i % 2 === 0 ? { modelType: "cnn" } : {}),
      ...(i % 3 === 0 ? { sourceRunId: runId } : {}),
      params: { depth: String(i % 3) },
      tags: i % 2 === 0 ? { good: "yes" } : {},
    });
    const digits = { name: "digits", digest: `d${i % 2}` };
    if (i !== 4) run.logMetric("loss", i / 4 - 0.5, { model, dataset: digits });
    if (i === 1) run.logMetric("loss", 9, { model, dataset: { name: "rows", digest: "r" }, timestamp: 1 });
    if (i < 3) run.logMetric("val loss", i, { model });
    if (i % 2 === 1) await client.loggedModels.finalize({ modelId: model, status: "READY" });
    if (i === 5) await client.loggedModels.delete(model);
  }
  await run.end();
}

/** Corners of the grammar, and what lies just outside of it. */
const RUN_EXPRESSIONS: readonly SearchExpression[] = [
  "",
  "   ",
  "AND",
  "metrics.loss > 0 AND",
  "AND metrics.loss > 0",
  "metrics.loss > 0 AND AND params.optimizer = 'adam'",
  "metrics.loss > 0 and params.optimizer = 'adam'",
  "metrics.loss>0",
  "metrics.loss>=-0.25",
  "metrics.loss = 1e-1",
  "metrics.loss < 1E2",
  "metrics.loss < +1",
  "metrics.loss < 1e+2",
  "metrics.loss < 1.",
  "metrics.loss == 0",
  "metrics.loss <> 0",
  "metrics.loss LIKE '0%'",
  "metrics.loss > 'a'",
  "metrics.loss > nan",
  "metrics.odd = 0.25",
  "metrics.odd != 0.25",
  "metrics.odd > 1e300",
  "metrics.loss IS NULL",
  "metrics.loss IN (1, 2)",
  "metrics.loss",
  "metrics.loss >",
  "> 0",
  "0 < metrics.loss",
  "metrics.",
  ".loss > 1",
  "metrics > 1",
  "loss > 1",
  "metricss.loss > 1",
  "METRICS.loss > 1",
  "Metrics.loss > 1",
  'metrics."val loss" > 1',
  "metrics.`val loss` > 1",
  "metrics.'val loss' > 1",
  "metrics.val loss > 1",
  "metrics.val-loss > 1",
  "`metrics.loss` > 0",
  "`metrics`.loss > 0",
  '"metrics".loss > 0',
  "params.optimizer = adam",
  "params.optimizer = `adam`",
  'params.optimizer = "adam"',
  "params.optimizer = 'adam",
  "params.optimizer = adam'",
  "params.optimizer = 'ad''am'",
  "params.optimizer = 'it\\'s'",
  "params.optimizer = 5",
  "params.optimizer > 'a'",
  "params.optimizer IN ('adam')",
  "params.optimizer NOT LIKE 'a%'",
  "params.optimizer LIKE 'a%m'",
  "params.optimizer LIKE '%d%'",
  "params.optimizer LIKE 'a_am'",
  "params.optimizer LIKE ''",
  "params.optimizer LIKE 'a.am'",
  "params.optimizer ilike 'ADAM'",
  "params.optimizer IS NOT NULL",
  "params.optimizer IS",
  "params.optimizer IS NOT",
  "params.optimizer NOT NULL",
  "params.absent IS NULL AND tags.team IS NOT NULL",
  "params.absent != 'x'",
  "tags.team = ''",
  "tags.team ILIKE 'größe%'",
  "tags.team LIKE '%名前'",
  "tags.`a.b/c` = '100%'",
  "tags.a.b/c = '100%'",
  "tags.mlflow.source.type = 'LOCAL'",
  "tags.`mlflow.runName` LIKE 'run 1%'",
  "attributes.start_time >= 1700000000003",
  "start_time > '5'",
  "start_time > 1700000000003.5",
  "end_time > 0",
  "end_time IS NULL",
  "created < 1700000000002",
  "attribute.Created < 1700000000002",
  "attributes.\"Run name\" = 'run 3'",
  "attributes.`run name` = 'run 3'",
  "run_name = 'run 3'",
  "run.run_name LIKE 'run 2%'",
  "status = 'FINISHED'",
  "status = 'finished'",
  "status != 'RUNNING'",
  "status = FINISHED",
  "user_id = 'ann'",
  "user_id IN ('ann', 'bob')",
  "run_id IN ('a', 'b')",
  "run_id NOT IN ('a', 'b')",
  "run_id IN ()",
  "run_id IN ('a',)",
  "run_id IN ('a' 'b')",
  "run_id IN ('a', 5)",
  "run_id IN 'a'",
  "lifecycle_stage = 'active'",
  "experiment_id = '1'",
  "dataset.name = 'digits'",
  "dataset.name IN ('digits', 'rows')",
  "datasets.context NOT IN ('training')",
  "dataset.context = 'training' AND dataset.name = 'rows'",
  "dataset.profile = 'x'",
  "dataset.name IS NULL",
  "dataset.name != 'digits'",
  "(metrics.loss > 0)",
  "metrics.loss > 0 OR metrics.loss < 0",
  "NOT metrics.loss > 0",
  "metrics.loss BETWEEN 0 AND 1",
  "metrics.loss > 0; metrics.loss < 1",
  "metrics.loss > 0;",
  "metrics.loss > 0, metrics.loss < 1",
  "metrics.loss > metrics.odd",
  "params.optimizer = 'adam' -- why",
].map((filter) => ({ filter }));

const RUN_ORDERS: readonly SearchExpression[] = [
  "metrics.loss",
  "metrics.loss DESC",
  "metrics.odd ASC",
  "metrics.odd DESC",
  "metrics.`val loss` desc",
  'metrics."val loss" desc',
  "params.optimizer",
  "tags.team DESC",
  "run_id",
  "attributes.status",
  "dataset.name",
  "metrics.loss UP",
  "metrics.loss DESC DESC",
  "metrics.loss, metrics.odd",
  "",
  "nonsense",
  "lifecycle_stage",
].map((order) => ({ orderBy: [order] }));

const EXPERIMENT_EXPRESSIONS: readonly SearchExpression[] = [
  ...[
    "name = 'experiment 2'",
    "attribute.name LIKE '%2'",
    "attributes.name LIKE '%2'",
    "name IN ('experiment 2')",
    "experiment_id IN ('0')",
    "tags.team = 'vision'",
    "tag.team IS NULL",
    "name IS NULL",
    "params.x = '1'",
    "creation_time > 0",
    "creation_time > '0'",
    "lifecycle_stage = 'active'",
    "name > 'a'",
  ].map((filter) => ({ filter })),
  ...["name", "name DESC", "experiment_id", "tags.team", "lifecycle_stage", "creation_time DESC"].map((order) => ({
    orderBy: [order],
  })),
];

const MODEL_EXPRESSIONS: readonly SearchExpression[] = [
  ...[
    "name = 'model 1'",
    "name IN ('model 1', 'prompt')",
    "name NOT IN ('model 1')",
    "attributes.name = 'model 1'",
    "tags.task IS NULL",
    "tags.task = 'vision' AND name LIKE 'model%'",
    "tags.`mlflow.prompt.is_prompt` = 'true'",
    "tags.`mlflow.prompt.is_prompt` != 'true'",
    "description = 'x'",
    "creation_timestamp > 0",
    "version_number = 1",
    "run_id = 'x'",
    "name = model",
  ].map((filter) => ({ filter })),
  ...["name", "name DESC", "creation_timestamp DESC", "last_updated_timestamp", "tags.task", "version_number"].map(
    (order) => ({ orderBy: [order] }),
  ),
];

const VERSION_EXPRESSIONS: readonly SearchExpression[] = [
  {},
  ...[
    "name = 'model 3'",
    "name IN ('model 1', 'model 2')",
    "version_number = 1",
    "version_number = '1'",
    "version_number > 1 AND version_number <= 3",
    "version_number LIKE '1'",
    "version_number = 'x'",
    "source_path LIKE 's3://models/%'",
    "source_path IN ('a')",
    "run_id IS NULL",
    "tags.good = 'yes'",
    "current_stage = 'None'",
    "version = 1",
  ].map((filter) => ({ filter })),
  ...["version_number", "version_number DESC", "name DESC", "creation_timestamp", "run_id", "tags.good"].map(
    (order) => ({
      orderBy: [order],
    }),
  ),
];

const LOGGED_MODEL_FILTERS: readonly (string | undefined)[] = [
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  "status = 'READY'",
  "name LIKE 'logged%' AND metrics.loss > -1",
  "metrics.loss > 0",
  "metrics.`val loss` >= 1",
  "attributes.model_type = 'cnn'",
  "params.depth != '1'",
  "tags.good IS NULL",
  "model_id = 'x'",
  "experiment_id = '0'",
  "metrics.loss > 'a'",
  "last_updated_timestamp > 0",
];
