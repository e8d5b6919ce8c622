import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { connect } from "../../src/index.ts";
import { sync } from "../../src/sync/index.ts";
import { startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { runPython } from "../support/python.ts";
import { startVersitygwServer, storeAt } from "../support/s3-servers.ts";
import { fillStore } from "../support/synced-stores.ts";

type Row = readonly [step: number | undefined, timestamp: number, bits: string];

interface PythonRun {
  readonly name: string;
  readonly latest: Readonly<Record<string, string | undefined>>;
  readonly histories: Readonly<Record<string, readonly Row[]>>;
  readonly datasets: readonly unknown[];
  readonly files: object;
}

interface PythonExperiment {
  readonly creationTime?: number | null;
  readonly lifecycleStage: string;
  readonly runs: Readonly<Record<string, PythonRun>>;
  readonly models: Readonly<Record<string, PythonLoggedModel>>;
}

interface PythonLoggedModel {
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: readonly (readonly [key: string, step: number, timestamp: number, bits: string, dataset: string])[];
}

interface PythonVersion {
  readonly description: string | null;
  readonly downloadUri?: string;
}

interface PythonModel {
  readonly description: string | null;
  readonly byAlias: object;
  readonly versions: Readonly<Record<string, PythonVersion>>;
}

/** What `read_store.py` prints, as far as it is looked at here. */
interface PythonStore {
  readonly experiments: Readonly<Record<string, PythonExperiment>>;
  readonly models: Readonly<Record<string, PythonModel>>;
}

const newDirectory = () => join(temporaryDirectory(), "mlruns");

async function read(uri: string, root = uri): Promise<PythonStore> {
  return (await runPython("read_store.py", [uri, root], temporaryDirectory())) as PythonStore;
}

const mapValues = <T, U>(record: Readonly<Record<string, T>>, change: (value: T, key: string) => U) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)] as const));

/** A directory has values as they were logged, a copy by step and time. Values of one step and time keep their order. */
const inOrder = (rows: readonly Row[]) => [...rows].sort((a, b) => Number(a[0]) - Number(b[0]) || a[1] - b[1]);

/**
 * Values that were measured with a dataset: MLflow's file store takes the step of such a line for 0. A copy has them as plain values of the
 * run, whose steps it reads.
 */
function withoutMisreadSteps({ models, runs, ...experiment }: PythonExperiment): PythonExperiment {
  const measured = Object.values(models).flatMap(({ metrics }) =>
    metrics.filter(([, , , , dataset]) => dataset !== ""),
  );
  const misread = new Set(measured.map(([key]) => key));
  const changed = mapValues(runs, ({ latest, histories, ...run }) => ({
    ...run,
    latest: mapValues(latest, (value, key) => (misread.has(key) ? undefined : value)),
    histories: mapValues(histories, (rows, key) =>
      inOrder(misread.has(key) ? rows.map(([, timestamp, value]) => [undefined, timestamp, value] as const) : rows),
    ),
  }));
  return { ...experiment, models, runs: changed };
}

async function readDirectory(mlruns: string): Promise<PythonStore> {
  const { experiments, models } = await read(pathToFileURL(mlruns).href, mlruns);
  return { experiments: mapValues(experiments, withoutMisreadSteps), models };
}

/** What a server and a file store tell in different words. */
function inTheSameWords({ experiments, models }: PythonStore): PythonStore {
  const described = <T extends { readonly description: string | null }>(entity: T) => ({
    ...entity,
    description: entity.description ?? "",
  });
  return {
    experiments: mapValues(experiments, (experiment) => ({
      ...withoutMisreadSteps(experiment),
      // The server's own note, which it keeps of its registry.
      models: mapValues(experiment.models, ({ tags: { "mlflow.modelVersions": _, ...tags }, ...model }) => ({
        ...model,
        tags,
      })),
      runs: mapValues(withoutMisreadSteps(experiment).runs, (run) => ({
        ...run,
        // A file store moves a deleted experiment, and finds nothing where its files were.
        files: experiment.lifecycleStage === "deleted" ? {} : run.files,
      })),
    })),
    models: mapValues(models, (model) => ({
      ...described(model),
      // A server's client finds out by itself where `runs:/` is.
      versions: mapValues(model.versions, ({ downloadUri: _, ...version }) => described(version)),
    })),
  };
}

/** Something of everything, written here and by Python. */
async function fillFromBoth(mlruns: string): Promise<void> {
  const client = await connect(mlruns);
  await fillStore(client);
  await client.close();
  await runPython("registry.py", ["write", pathToFileURL(mlruns).href], temporaryDirectory());
}

/** That two equal answers are not two empty ones. */
function expectAllOfIt({ experiments, models }: PythonStore): void {
  const digits = experiments["digits <b>名前</b>"] as PythonExperiment;
  const run = Object.values(digits.runs).find(({ name }) => name === "first: run");
  expect(Object.keys(run?.histories ?? {}).sort()).toEqual(["acc", "loss", "val/loss"]);
  expect(run?.datasets).toHaveLength(1);
  expect(Object.keys(run?.files ?? {}).sort()).toEqual(["large.bin", "plots/loss 名.txt"]);
  expect(Object.values(digits.models).map(({ metrics }) => metrics.length)).toEqual([2]);
  expect(Object.keys(models.digits?.versions ?? {}).sort()).toEqual(["1", "3", "4"]);
  expect(models.digits?.byAlias).toEqual({ champion: 3 });
}

describe.skipIf(leftOut("python"))("Python's MLflow", () => {
  it("sees of a directory's copy all that it sees of the directory", async () => {
    const [from, to] = [newDirectory(), newDirectory()];
    await fillFromBoth(from);
    expect(await sync({ from, to })).toMatchObject({ conflicts: [], losses: [], failures: [] });
    const theirs = await readDirectory(from);
    expectAllOfIt(theirs);
    expect(theirs.models["from python"]?.byAlias).toEqual({ champion: 2 });
    expect(await readDirectory(to)).toEqual(theirs);
  });

  it.skipIf(leftOut("versitygw"))("sees the same after a journey through a bucket", async () => {
    const server = await startVersitygwServer();
    onTestFinished(() => server.kill());
    const [from, to, bucket] = [newDirectory(), newDirectory(), await connect(storeAt(server, "between"))];
    onTestFinished(() => bucket.close());
    await fillFromBoth(from);
    expect(await sync({ from, to: bucket })).toMatchObject({ conflicts: [], losses: [], failures: [] });
    expect(await sync({ from: bucket, to })).toMatchObject({ conflicts: [], losses: [], failures: [] });
    const theirs = await readDirectory(from);
    expectAllOfIt(theirs);
    // A bucket has an experiment 0 of its own from its beginning.
    const { Default: theirDefault, ...theirExperiments } = theirs.experiments;
    const { experiments, models } = await readDirectory(to);
    const { Default, ...others } = experiments;
    expect({ ...Default, creationTime: theirDefault?.creationTime }).toEqual(theirDefault);
    expect({ experiments: others, models }).toEqual({ experiments: theirExperiments, models: theirs.models });
  });

  it("sees of a server's copy what it sees of the server", async () => {
    const server = await startMlflowServer({});
    onTestFinished(() => server.kill());
    const client = await connect(server.address);
    onTestFinished(() => client.close());
    await fillStore(client, { awkward: false });
    await runPython("registry.py", ["write", server.address], temporaryDirectory());
    const to = newDirectory();
    expect(await sync({ from: client, to })).toMatchObject({ conflicts: [], losses: [], failures: [] });
    const theirs = await read(server.address);
    expectAllOfIt(theirs);
    expect(inTheSameWords(await read(pathToFileURL(to).href, to))).toEqual(inTheSameWords(theirs));
  });
});
