// A search over many runs in a bucket, in a process that has read nothing yet: over the index, and over every run's head, as a store
// without an index would do it.
import { subscribe } from "node:diagnostics_channel";
import { connect } from "tidemark";
import { inFlight } from "./s3-support.mjs";
import { count, report, variant } from "./support.mjs";

const [, , , , bundlePath, endpoint, changedText] = process.argv;
const changed = Number(changedText);

const options = {
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "testkey", secretAccessKey: "testsecret123" },
  headIntervalMs: 0,
};
const PREFIX = "search";
const PAGE = 50;
const PARALLEL_GETS = 32;

const { checkHead, runHeadSchema, S3Opener } = await import(bundlePath);
const { headIntervalMs: _ofStores, ...reach } = options;
const bucket = new S3Opener(reach).bucket("bench");

const nameOf = (n) => n.toString(16).padStart(8, "0");
const metric = (key, value) => ({ key, value, step: 9_999, timestamp: 1_700_000_000_000 });

/** A run that has ended, as docs/formats/s3-store.md describes it: 1.5 KB. */
function headOf(n, rev) {
  const seed = Math.imul(n + 1, 2_654_435_761) >>> 0;
  const name = `run-${nameOf(seed)}`;
  return {
    rev,
    ops: Array.from({ length: 3 }, (_, at) => `${nameOf(seed)}${nameOf(at)}`),
    createdBy: `${nameOf(seed)}${nameOf(0)}`,
    id: `${nameOf(n)}${nameOf(seed)}${nameOf(n)}${nameOf(seed)}`,
    experimentId: "0",
    name,
    userId: "somebody",
    status: n % 10 === 0 ? "FAILED" : "FINISHED",
    startTime: 1_700_000_000_000 + n * 60_000,
    endTime: 1_700_000_050_000 + n * 60_000,
    params: {
      model: n % 2 === 0 ? "cnn" : "mlp",
      ...Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`param_${at}`, String((seed + at) / 1e6)])),
    },
    tags: {
      "mlflow.runName": name,
      "mlflow.source.name": "train.mjs",
      "mlflow.source.type": "LOCAL",
      "mlflow.source.git.commit": `${nameOf(seed)}`.repeat(5),
      "mlflow.user": "somebody",
    },
    inputs: [],
    modelInputs: [],
    modelOutputs: [],
    latestMetrics: [
      metric("loss", (seed % 1_000) / 1_000),
      metric("accuracy", (seed % 997) / 997),
      ...Array.from({ length: 6 }, (_, at) => metric(`metric_${at}`, seed / (at + 1))),
    ],
  };
}

async function put(head) {
  await bucket.put(`${PREFIX}/idx/runs/exp=0/dirty/${head.id}.${head.rev}.${nameOf(head.rev)}`, new Uint8Array());
  await bucket.put(`${PREFIX}/runs/run=${head.id}/run.json`, Buffer.from(JSON.stringify(head)));
}

const wanted = { filter: "params.model = 'cnn' and metrics.loss < 0.5", orderBy: ["metrics.accuracy DESC"] };

async function search() {
  const client = await connect(`s3://bench/${PREFIX}`, options);
  const { items } = await client.runs.search({ experimentIds: ["0"], ...wanted, maxResults: PAGE }).page();
  return { ids: items.map(({ id }) => id), client };
}

/** Sees that both ways find the same. */
const digestOf = (ids) => ids.reduce((sum, id, at) => (sum + Number.parseInt(id.slice(0, 8), 16) * (at + 1)) % 1e9, 0);

const variants = {
  async prepare() {
    const { client } = await search();
    // Whoever writes first makes the store.
    const { id } = await client.runs.create({ experimentId: "0" });
    await client.runs.delete(id);
    const numbers = Array.from({ length: count }, (_, n) => n);
    await inFlight(numbers, PARALLEL_GETS, (n) => put(headOf(n, 1)));
    // Whoever sees so many markers brings them into the index, and has done so when it is closed.
    await client.runs.search({ experimentIds: ["0"] }).page();
    await client.close();
    await inFlight(numbers.slice(0, changed), PARALLEL_GETS, (n) => put(headOf(n, 2)));
    report({});
  },
  async index() {
    let requests = 0;
    subscribe("undici:request:create", () => requests++);
    const { ids } = await search();
    report({ elapsedMs: performance.now() - begun, requests, digest: digestOf(ids) });
  },
  async everyHead() {
    const keys = [];
    for await (const { prefixes } of bucket.list({ prefix: `${PREFIX}/runs/`, delimiter: "/" }))
      keys.push(...prefixes.map((prefix) => `${prefix}run.json`));
    const heads = [];
    await inFlight(keys, PARALLEL_GETS, async (key) => {
      const text = await (await bucket.open(key)).text();
      heads.push(checkHead(runHeadSchema, JSON.parse(text), key));
    });
    const latest = ({ latestMetrics }, key) => latestMetrics.find((one) => one.key === key).value;
    const found = heads
      .filter((head) => head.deletedIn === undefined && head.params.model === "cnn" && latest(head, "loss") < 0.5)
      .sort((a, b) => latest(b, "accuracy") - latest(a, "accuracy") || b.startTime - a.startTime)
      .slice(0, PAGE);
    report({
      elapsedMs: performance.now() - begun,
      requests: keys.length,
      digest: digestOf(found.map(({ id }) => id)),
    });
  },
};

// All that is imported by name is there; what puts requests on the wire is loaded by the first of them, in both ways.
const begun = performance.now();
await variants[variant]();
process.exit();
