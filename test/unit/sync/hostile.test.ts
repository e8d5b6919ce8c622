import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Client, connect } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { sync } from "../../../src/sync/index.ts";
import { expectRefused, expectRest, hostileSource } from "../../support/hostile-source.ts";
import { runDirectory, temporaryDirectory } from "../../support/mlruns.ts";
import { contentOf } from "../../support/synced-stores.ts";

/** Deep enough that what escapes is still below the directory of the test. */
const DEEP = "a/b/c/d/e/f/g";

/** Everything below a directory that is not in the store, and not on the way to it. */
const outsideOf = (root: string, store: string): string[] =>
  readdirSync(root, { recursive: true })
    .map(String)
    .filter((path) => !path.startsWith(store) && !store.startsWith(path));

describe("a hostile source", () => {
  it("writes nothing outside of a directory, and all that is sound into it", async () => {
    const root = temporaryDirectory();
    const store = join(DEEP, "mlruns");
    mkdirSync(join(root, DEEP), { recursive: true });
    const to = await connect(join(root, store));
    const report = await sync({ from: await connect(hostileSource()), to });
    expect(outsideOf(root, store)).toEqual([]);
    expectRefused(report);
    await expectRest(to);
    // Ids, keys and names made no directory of their own either.
    const renumbered = (await to.experiments.getByName("id models"))?.id;
    expect(new Set(readdirSync(join(root, store)))).toEqual(new Set(["0", "11", "12", "13", renumbered, "models"]));
  });

  it("is the same for a store in memory", async () => {
    const to = await connect(memoryBackend());
    expectRefused(await sync({ from: await connect(hostileSource()), to }));
    await expectRest(to);
  });

  it("gets no run or experiment where a directory keeps something else", async () => {
    const from = await connect(memoryBackend());
    const mlruns = join(temporaryDirectory(), "mlruns");
    const to = await connect(mlruns);
    const { importer } = from.backend;
    const nothing = { params: {}, tags: {}, inputs: [], modelInputs: [], modelOutputs: [] };
    const blank = { name: "r", userId: "", startTime: 1, status: "RUNNING" as const, ...nothing };
    await importer?.importExperiment({ id: "models", name: "registry", tags: {} });
    for (const id of ["models", "Datasets", "tags", "traces"])
      await importer?.importRun({ ...blank, id, experimentId: "models" });
    const { failures } = await sync({ from, to });
    expect(failures.map(({ where }) => where).sort()).toEqual(["run Datasets", "run models", "run tags", "run traces"]);
    // The experiment has another id.
    const { id = "" } = (await to.experiments.getByName("registry")) ?? {};
    expect(readdirSync(mlruns).sort()).toEqual(["0", id].sort());
    expect(readdirSync(join(mlruns, id)).sort()).toEqual(["meta.yaml", "tags"]);
    expect((await sync({ from, to })).copied.experiments).toBe(0);
  });

  it("is reported again, and copied once", async () => {
    const [from, to] = [await connect(hostileSource()), await connect(join(temporaryDirectory(), "mlruns"))];
    await sync({ from, to });
    const before = await contentOf(to);
    const again = await sync({ from, to });
    expect(Object.values(again.copied).every((count) => count === 0)).toBe(true);
    expectRefused(again);
    expect(await contentOf(to)).toEqual(before);
  });

  it("changes nothing in a dry run, and says the same", async () => {
    const root = temporaryDirectory();
    const to = await connect(join(root, "mlruns"));
    const { failures } = await sync({ from: await connect(hostileSource()), to, dryRun: true });
    expect(failures.map(({ where, what }) => `${where}: ${what}`)).toEqual(
      expect.arrayContaining(["run ..: run", "version NaN of digits: version", "logged model ../escape: logged model"]),
    );
    expect(readdirSync(root).filter((name) => name !== "mlruns")).toEqual([]);
  });
});

describe("links on disk", () => {
  /** A store with one run that has a file, and a directory beside it that nobody meant to copy. */
  async function withSecret() {
    const root = temporaryDirectory();
    const secret = join(root, "secret");
    mkdirSync(secret);
    writeFileSync(join(secret, "key.pem"), "private");
    const from = await connect(join(root, "mlruns"));
    const { id: runId } = await from.runs.create({ experimentId: await from.experiments.create({ name: "linked" }) });
    const note = join(root, "note.txt");
    writeFileSync(note, "note");
    await from.artifacts.upload({ runId, localPath: note });
    return { root, secret, from, runId, artifacts: join(runDirectory(join(root, "mlruns"), runId), "artifacts") };
  }
  const namesAt = async (client: Client, runId: string) =>
    (await client.artifacts.list({ runId })).map(({ path }) => path);
  const target = () => connect(join(temporaryDirectory(), "mlruns"));

  it("of single artifacts that lead out of a store are not followed", async () => {
    const { secret, from, runId, artifacts } = await withSecret();
    symlinkSync(secret, join(artifacts, "inner"));
    symlinkSync(join(secret, "key.pem"), join(artifacts, "key.pem"));
    const to = await target();
    await sync({ from, to });
    expect(await namesAt(to, runId)).toEqual(["note.txt"]);
  });

  for (const isDeleted of [false, true]) {
    it(`in the place of all artifacts are refused and reported${isDeleted ? ", in the trash too" : ""}`, async () => {
      const { secret, from, runId, artifacts } = await withSecret();
      rmSync(artifacts, { recursive: true });
      symlinkSync(secret, artifacts);
      if (isDeleted) await from.experiments.delete((await from.runs.get(runId)).experimentId);
      const to = await target();
      const failures = [{ where: `run ${runId}`, what: "artifacts", code: "INVALID_PARAMETER_VALUE" }];
      expect(await sync({ from, to })).toMatchObject({ failures });
      expect(await namesAt(to, runId)).toEqual([]);
      expect(await sync({ from, to, artifactDirectories: [secret] })).toMatchObject({ failures: [] });
      expect(await namesAt(to, runId)).toEqual(["key.pem"]);
    });
  }

  it("in the place of texts, values, runs and models are not followed, and the rest is there", async () => {
    const { root, secret, from, runId, artifacts } = await withSecret();
    const run = join(artifacts, "..");
    const [params, tags, metrics] = ["params", "tags", "metrics"].map((name) => join(run, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(join(secret, "metric"), "1700000000000 42 0\n");
    writeFileSync(
      join(secret, "meta.yaml"),
      readFileSync(join(run, "meta.yaml"), "utf8").replaceAll(runId, "f".repeat(32)),
    );
    writeFileSync(join(params, "lr"), "0.1");
    writeFileSync(join(tags, "huge"), Buffer.alloc(10_000_000, "x"));
    writeFileSync(join(metrics, "loss"), "1700000000000 0.5 0\n");
    symlinkSync(join(secret, "key.pem"), join(params, "key"));
    symlinkSync(join(secret, "key.pem"), join(tags, "key"));
    symlinkSync(secret, join(tags, "below"));
    symlinkSync(join(secret, "metric"), join(metrics, "secret"));
    symlinkSync(secret, join(run, "..", "f".repeat(32)));
    mkdirSync(join(root, "mlruns", "models"));
    symlinkSync(secret, join(root, "mlruns", "models", "secret"));
    const to = await target();
    const report = await sync({ from, to });
    expect(report.failures.map(({ where, what }) => `${where}: ${what}`)).toEqual([`run ${runId}: tags.huge`]);
    const content = JSON.stringify(await contentOf(to));
    expect(content).not.toMatch(/private|f{32}|secret/);
    expect(await to.runs.get(runId)).toMatchObject({ params: { lr: "0.1" }, metrics: { loss: 0.5 } });
    expect(report.copied).toMatchObject({ runs: 1, params: 1, values: 1, registeredModels: 0 });
  });

  it("in a target are not written through", async () => {
    const { root, secret, from, runId } = await withSecret();
    const mlruns = join(root, "copy");
    const to = await connect(mlruns);
    await sync({ from, to, artifacts: false });
    const artifacts = join(runDirectory(mlruns, runId), "artifacts");
    rmSync(artifacts, { recursive: true });
    symlinkSync(secret, artifacts);
    const failures = [{ where: `run ${runId}`, what: "artifacts" }];
    expect(await sync({ from, to })).toMatchObject({ failures });
    expect(readdirSync(secret)).toEqual(["key.pem"]);
    expect(readFileSync(join(secret, "key.pem"), "utf8")).toBe("private");
  });

  it("to the store itself are no hindrance", async () => {
    const { root, runId } = await withSecret();
    symlinkSync(join(root, "mlruns"), join(root, "link"));
    const to = await target();
    expect(await sync({ from: join(root, "link"), to })).toMatchObject({ failures: [], copied: { files: 1 } });
    expect(await namesAt(to, runId)).toEqual(["note.txt"]);
  });
});
