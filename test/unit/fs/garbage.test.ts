import {
  existsSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../../src/connect/connect.ts";
import type { Garbage, GarbageStore } from "../../../src/contract/garbage-store.ts";
import { takeAway } from "../../../src/fs/garbage/take-away.ts";
import type { Client } from "../../../src/tracking/client.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";

const HOUR_MS = 3_600_000;
const ID = "0123456789abcdef0123456789abcdef";
const TEMPORARY = `.tidemark-${ID}.tmp`;

let mlruns: string;
let outside: string;
let client: Client;
let garbage: GarbageStore;

beforeEach(async () => {
  mlruns = join(temporaryDirectory(), "mlruns");
  outside = temporaryDirectory();
  writeFileSync(join(outside, "precious"), "precious");
  client = await connect(mlruns);
  garbage = client.backend.garbage as GarbageStore;
  await client.experiments.create({ name: "Default" });
});

/** Everything that there is by now. */
const list = () => garbage.list({ deletedBefore: Date.now() + 1, leftBefore: Date.now() - HOUR_MS });
async function purgeAll(): Promise<readonly Garbage[]> {
  const found = await list();
  for (const item of found) expect(await garbage.purge(item)).toBe(true);
  return found;
}

const placeOf = (runId: string, experimentId = "0") => join(mlruns, experimentId, runId);

async function newRun(experimentId = "0"): Promise<string> {
  const { id, artifactUri } = await client.runs.create({ experimentId });
  mkdirSync(fileURLToPath(artifactUri), { recursive: true });
  await client.backend.artifacts(artifactUri).write("a.txt", Buffer.from("a"));
  return id;
}

async function deletedRun(experimentId = "0"): Promise<string> {
  const id = await newRun(experimentId);
  await client.runs.delete(id);
  return id;
}

function setMeta(place: string, key: string, value: string): void {
  const path = join(place, "meta.yaml");
  writeFileSync(path, readFileSync(path, "utf8").replace(new RegExp(`^${key}: .*$`, "m"), `${key}: ${value}`));
}

/** Makes a path and all below it hours old. */
function age(path: string, hours = 2): void {
  const seconds = (Date.now() - hours * HOUR_MS) / 1_000;
  if (existsSync(path) && readdirSyncSafe(path) !== undefined)
    for (const entry of readdirSync(path, { withFileTypes: true, recursive: true }))
      lutimesSync(join(entry.parentPath, entry.name), seconds, seconds);
  lutimesSync(path, seconds, seconds);
}

function readdirSyncSafe(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}

describe("a deleted run", () => {
  it("whose artifacts are said to be outside of the store leaves them, and says where", async () => {
    const runId = await deletedRun();
    const hostile = join(outside, runId, "artifacts");
    mkdirSync(hostile, { recursive: true });
    const uri = pathToFileURL(hostile).href;
    setMeta(placeOf(runId), "artifact_uri", uri);
    expect(await purgeAll()).toMatchObject([{ kind: "run", id: runId, artifactsElsewhere: uri }]);
    expect(existsSync(placeOf(runId))).toBe(false);
    expect(existsSync(hostile)).toBe(true);
  });

  it.each([
    ["another run", (other: string) => join(mlruns, "0", other, "artifacts")],
    ["the store", () => mlruns],
    ["the experiment", () => join(mlruns, "0")],
    ["nowhere", () => join(mlruns, "..", "..")],
  ])("whose artifacts are said to be those of %s takes nothing of it", async (_, target) => {
    const [runId, other] = [await deletedRun(), await newRun()];
    setMeta(placeOf(runId), "artifact_uri", pathToFileURL(target(other)).href);
    await purgeAll();
    expect(await client.runs.get(other)).toMatchObject({ status: "RUNNING" });
    expect(existsSync(join(placeOf(other), "artifacts/a.txt"))).toBe(true);
    expect(existsSync(placeOf(runId))).toBe(false);
  });

  it.each(["s3://bucket/x", "http://[", "file:///%00", "mlflow-artifacts:/0/1/artifacts"])(
    "whose artifacts are at %s goes without them",
    async (uri) => {
      const runId = await deletedRun();
      setMeta(placeOf(runId), "artifact_uri", JSON.stringify(uri));
      expect(await purgeAll()).toMatchObject([{ id: runId, artifactsElsewhere: uri }]);
    },
  );

  it("that was copied from another experiment leaves the artifacts of the other", async () => {
    const experimentId = await client.experiments.create({ name: "copy" });
    const runId = await newRun();
    mkdirSync(placeOf(runId, experimentId));
    const meta = readFileSync(join(placeOf(runId), "meta.yaml"), "utf8");
    writeFileSync(join(placeOf(runId, experimentId), "meta.yaml"), meta);
    setMeta(placeOf(runId, experimentId), "lifecycle_stage", "deleted");
    await list();
    for (const item of await list()) await garbage.purge(item);
    expect(existsSync(join(placeOf(runId), "artifacts/a.txt"))).toBe(true);
  });

  it("has its artifacts deleted where its experiment keeps them elsewhere in the store", async () => {
    const artifactLocation = pathToFileURL(join(mlruns, "files")).href;
    const experimentId = await client.experiments.create({ name: "files", artifactLocation });
    const [runId, other] = [await deletedRun(experimentId), await newRun(experimentId)];
    await purgeAll();
    expect(existsSync(join(mlruns, "files", runId))).toBe(false);
    expect(existsSync(join(mlruns, "files", other, "artifacts/a.txt"))).toBe(true);
  });

  it("takes links away, not what they lead to", async () => {
    const runId = await deletedRun();
    symlinkSync(outside, join(placeOf(runId), "artifacts/link"));
    const linked = await deletedRun();
    renameSync(placeOf(linked), join(mlruns, "elsewhere"));
    symlinkSync(outside, placeOf(linked));
    await purgeAll();
    expect(readFileSync(join(outside, "precious"), "utf8")).toBe("precious");
    expect(existsSync(placeOf(runId))).toBe(false);
    expect(existsSync(join(mlruns, "elsewhere"))).toBe(true);
  });

  it("goes whatever of its files is missing, and stays where it cannot be read", async () => {
    const [bare, damaged, without] = [await deletedRun(), await deletedRun(), await deletedRun()];
    for (const part of ["metrics", "params", "tags", "artifacts"])
      rmSync(join(placeOf(bare), part), { recursive: true });
    writeFileSync(join(placeOf(damaged), "meta.yaml"), "{");
    setMeta(placeOf(without), "deleted_time", "null");
    expect((await purgeAll()).map(({ id }) => id).sort()).toEqual([bare, without].sort());
    expect(existsSync(placeOf(damaged))).toBe(true);
  });

  it("whose deletion was interrupted is finished, with its artifacts elsewhere", async () => {
    const artifactLocation = pathToFileURL(join(mlruns, "files")).href;
    const experimentId = await client.experiments.create({ name: "files", artifactLocation });
    const runId = await deletedRun(experimentId);
    // As a process leaves it that is killed right after the first step.
    const half = join(mlruns, experimentId, TEMPORARY);
    renameSync(placeOf(runId, experimentId), half);
    expect(await list()).toEqual([]);
    age(half);
    expect(await purgeAll()).toMatchObject([{ kind: "temporary", id: `${experimentId}/${TEMPORARY}` }]);
    expect(existsSync(half)).toBe(false);
    expect(existsSync(join(mlruns, "files", runId))).toBe(false);
  });
});

describe("leftovers", () => {
  it("with temporary names go when they are old, wherever they are", async () => {
    const runId = await newRun();
    const old = [
      join(mlruns, TEMPORARY),
      join(mlruns, "0", TEMPORARY),
      join(placeOf(runId), TEMPORARY),
      join(placeOf(runId), "artifacts", TEMPORARY),
    ];
    for (const path of old) writeFileSync(path, "half");
    for (const path of old) age(path);
    const young = join(placeOf(runId), "tags", TEMPORARY);
    writeFileSync(young, "half");
    const found = await purgeAll();
    expect(found.map(({ kind, bytes }) => [kind, bytes])).toEqual(old.map(() => ["temporary", 4]));
    expect(old.some(existsSync)).toBe(false);
    expect(existsSync(young)).toBe(true);
  });

  it("are not deleted where they were written again since they were found", async () => {
    const path = join(mlruns, "0", TEMPORARY);
    writeFileSync(path, "half");
    age(path);
    const [item] = await list();
    writeFileSync(path, "half of it");
    expect(await garbage.purge(item as Garbage)).toBe(false);
    expect(existsSync(path)).toBe(true);
  });

  it("that are links go by themselves", async () => {
    symlinkSync(outside, join(mlruns, "0", TEMPORARY));
    age(join(mlruns, "0", TEMPORARY));
    lutimesSync(outside, 1, 1);
    await purgeAll();
    expect(readdirSync(join(mlruns, "0"))).not.toContain(TEMPORARY);
    expect(existsSync(join(outside, "precious"))).toBe(true);
  });

  it("that say they are a living run take nothing of it", async () => {
    const runId = await newRun();
    const half = join(mlruns, "0", TEMPORARY);
    mkdirSync(half);
    writeFileSync(join(half, "meta.yaml"), readFileSync(join(placeOf(runId), "meta.yaml")));
    age(half);
    await purgeAll();
    expect(existsSync(join(placeOf(runId), "artifacts/a.txt"))).toBe(true);
  });

  it("of runs and models that are not there go when they are old, and nothing else does", async () => {
    const orphans = [join(mlruns, "0", ID, "artifacts"), join(mlruns, "0/models", `m-${ID}`, "artifacts")];
    const others = [
      // Not the name of a run, not in an experiment, more in it than parts of a run.
      join(mlruns, "0", "notes", "artifacts"),
      join(mlruns, "1234", ID, "artifacts"),
      join(mlruns, "0", ID.replace("0", "f"), "mine"),
      join(mlruns, "0", ID.replace("0", "e")),
    ];
    for (const path of [...orphans, ...others]) mkdirSync(path, { recursive: true });
    for (const path of orphans) writeFileSync(join(path, "a.txt"), "a");
    expect(await list()).toEqual([]);
    age(mlruns);
    const found = await purgeAll();
    expect(found.map(({ kind, id }) => [kind, id])).toEqual([
      ["orphan", `0/${ID}`],
      ["orphan", `0/models/m-${ID}`],
    ]);
    expect(orphans.some(existsSync)).toBe(false);
    expect(others.every(existsSync)).toBe(true);
  });
});

describe("a deletion that is asked for", () => {
  it.each([
    { kind: "temporary", id: "../x" },
    { kind: "temporary", id: `../../${TEMPORARY}` },
    { kind: "temporary", id: "0/meta.yaml" },
    { kind: "orphan", id: "0" },
    { kind: "orphan", id: "." },
    { kind: "run", id: "../0" },
    { kind: "experiment", id: "0", experimentId: "0" },
    { kind: "experiment", id: "..", experimentId: ".." },
    { kind: "logged-model", id: "..", experimentId: "0" },
    { kind: "logged-model", id: "m-1", experimentId: "../0" },
  ] as const)("for $kind $id does nothing", async (what) => {
    await newRun();
    writeFileSync(join(mlruns, "..", "x"), "x");
    const before = readdirSync(join(mlruns, ".."), { recursive: true }).sort();
    expect(await garbage.purge({ since: Date.now(), place: "", ...what })).toBe(false);
    expect(readdirSync(join(mlruns, ".."), { recursive: true }).sort()).toEqual(before);
  });
});

describe("what is taken away", () => {
  it("is back where it is not what was meant any more, or cannot be looked at", () => {
    const place = join(outside, "place");
    mkdirSync(place);
    expect(takeAway(outside, place, () => false)).toBe(false);
    const broken = () => {
      throw new Error("cannot be read");
    };
    expect(() => takeAway(outside, place, broken)).toThrow("cannot be read");
    expect(readdirSync(outside).sort()).toEqual(["place", "precious"]);
    expect(takeAway(outside, place, () => true)).toBe(true);
    expect(takeAway(outside, place, () => true)).toBe(false);
    expect(readdirSync(outside)).toEqual(["precious"]);
  });
});
