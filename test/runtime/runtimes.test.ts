import { cpSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FLOAT, model, node, value } from "../../examples/support/onnx-writer.mjs";
import { connect } from "../../src/connect/connect.ts";
import { succeed } from "../support/child.ts";
import { freePort, type MlflowServer, startMlflowServer } from "../support/mlflow-server.ts";
import { bunPath, denoPath, leftOut, nodePath, type Peer } from "../support/peers.ts";
import { manifest, repository } from "../support/repository.ts";
import { makeTempFolder, packInto } from "../support/tarball.ts";
import { startVersitygw, type Versitygw } from "../support/versitygw.ts";

// A user's project: the packed tarball is installed in it as it would be from the registry.
const project = makeTempFolder();

beforeAll(async () => {
  const { file } = await packInto(project.path);
  writeFileSync(join(project.path, "package.json"), '{ "private": true }\n');
  const packages = [file, ...["typescript", "@types/node"].map((name) => `${name}@${manifest.devDependencies[name]}`)];
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  await succeed("npm", ["install", ...quiet, ...packages], { cwd: project.path });
  cpSync(join(repository, "test/runtime/consumers"), project.path, { recursive: true });
  // What a user installs beside: hundreds of megabytes, which need not be copied to be loaded.
  for (const name of [...ONNX_RUNTIMES, "hyparquet-writer"]) {
    symlinkSync(join(repository, "node_modules", name), join(project.path, "node_modules", name), "dir");
  }
  writeFileSync(at("loss.onnx"), lossModel);
});
afterAll(() => project.remove());

/** Runs a consumer in an empty folder of the project and answers what it left in `./mlruns`. */
async function recordedBy(program: string, ...args: readonly string[]) {
  const cwd = mkdtempSync(join(project.path, "cwd-"));
  const runId = await succeed(program, args, { cwd, env: { DENO_DIR: join(project.path, ".deno") } });
  const store = join(cwd, "mlruns");
  const runs = readdirSync(store).map((experiment) => join(store, experiment, runId));
  const read = (path: string) => runs.map((run) => readIfThere(join(run, path))).find((text) => text !== undefined);
  return {
    status: /^status: (\d+)$/m.exec(read("meta.yaml") ?? "")?.[1],
    lr: read("params/lr"),
    loss: withoutTime(read("metrics/loss")),
    a: withoutTime(read("metrics/a")),
    b: withoutTime(read("metrics/b")),
    notes: read("artifacts/notes.txt"),
    model: read("params/model_name"),
    stepsPerSecond: read("metrics/steps_per_second"),
  };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const withoutTime = (lines: string | undefined) => lines?.replace(/^\d{13} /gm, "");

const ONNX_RUNTIMES = ["onnxruntime-node", "onnxruntime-web"];

/** Answers the number it is given, as its loss. */
const lossModel = model({
  name: "loss",
  inputs: [value("x", FLOAT, [])],
  outputs: [value("loss", FLOAT, [])],
  nodes: [node("Identity", ["x"], ["loss"])],
});

/** MLflow's number for FINISHED in files. */
const FINISHED = "3";

const expected = { status: FINISHED, lr: "0.1", loss: "0.5 0\n", a: "1.0 0\n", b: "2.0 0\n", notes: "hi" };

const at = (file: string) => join(project.path, file);

// Node 20.18 cannot `require` an ES module; this makes a newer one as strict.
const NO_REQUIRE_ESM = "--no-experimental-require-module";

// What a tracking SDK asks for: files, the environment, the user's name, git; the network only where runs go to a server.
const DENO_LOCAL = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-run"];
const DENO_RUN = ["run", "--no-prompt", ...DENO_LOCAL, "--allow-net=127.0.0.1"];

interface Host {
  readonly name: string;
  readonly needs: readonly Peer[];
  command(file: string): readonly [string, ...string[]];
}

const hosts: readonly Host[] = [
  { name: `Node ${process.versions.node}`, needs: [], command: (file) => [process.execPath, NO_REQUIRE_ESM, file] },
  { name: "Node 24", needs: ["node24"], command: (file) => [nodePath(24), file] },
  { name: "Bun", needs: ["bun"], command: (file) => [bunPath(), file] },
  { name: "Deno", needs: ["deno"], command: (file) => [denoPath(), ...DENO_RUN, file] },
];

/** Deno asks for one more permission before it loads native code. */
const withNativeCode = ([program, first = "", ...rest]: readonly [string, ...string[]]): [string, ...string[]] =>
  first === "run" ? [program, first, "--allow-ffi", ...rest] : [program, first, ...rest];

for (const { name, needs, command } of hosts) {
  describe.skipIf(leftOut(...needs))(`on ${name}`, () => {
    test.each(["esm.mjs", "commonjs.cjs"])("%s records a run", async (file) => {
      expect(await recordedBy(...command(at(file)))).toEqual(expected);
    });

    test("the contract suite runs without a test framework", async () => {
      const [program, ...args] = command(at("contract.mjs"));
      const output = await succeed(program, args, { cwd: project.path });
      expect(output).toMatch(/^\d\d rules kept$/);
    });

    test.each(ONNX_RUNTIMES)("autolog records what %s does", async (runtime) => {
      const [program, ...args] = withNativeCode(command(at("onnxruntime.mjs")));
      const { status, loss, model, stepsPerSecond } = await recordedBy(program, ...args, runtime);
      expect({ status, loss, model }).toEqual({ status: FINISHED, loss: "0.0 0\n0.5 1\n1.0 2\n", model: "loss" });
      expect(stepsPerSecond).toMatch(/^\d+ [\d.]+ 2\n$/);
    });

    test.each([
      ["models.mjs", "onnxruntime-node"],
      ["models.mjs", "onnxruntime-web"],
      ["models.cjs", "onnxruntime-node"],
    ])("%s saves models, and loads them with %s", async (file, runtime) => {
      const [program, ...args] = withNativeCode(command(at(file)));
      const cwd = mkdtempSync(join(project.path, "cwd-"));
      const output = await succeed(program, [...args, runtime], {
        cwd,
        env: { DENO_DIR: join(project.path, ".deno") },
      });
      expect(JSON.parse(output)).toEqual(["onnx", "javascript", 0.5, [2, 4]]);
    });

    test("a run that is open at the end of the process is FINISHED", async () => {
      expect(await recordedBy(...command(at("unended.mjs")))).toEqual(expected);
    });
  });
}

describe.skipIf(leftOut("versitygw", "node24", "bun", "deno"))("a bucket", () => {
  let storage: Versitygw | undefined;
  afterAll(() => storage?.kill());

  async function answerOf([program, ...args]: readonly [string, ...string[]], ...more: readonly string[]) {
    storage ??= await startVersitygw("artifacts");
    const cwd = mkdtempSync(join(project.path, "cwd-"));
    const env = {
      AWS_ENDPOINT_URL_S3: storage.address,
      AWS_ACCESS_KEY_ID: storage.keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: storage.keys.secretAccessKey,
      TIDEMARK_SPOOL_DIR: join(cwd, "spool"),
      DENO_DIR: join(project.path, ".deno"),
    };
    return JSON.parse(await succeed(program, [...args, ...more], { cwd, env })) as unknown;
  }

  test("keeps artifacts of every runtime", async () => {
    for (const { name, command } of hosts) {
      const answer = await answerOf(command(at("bucket.mjs")), `s3://artifacts/${encodeURIComponent(name)}`);
      expect(answer, name).toEqual({ isEqual: true, notes: "hi", names: ["large ü.bin"] });
    }
  });

  test("is the whole store of every runtime, and each loads by its alias what the one before has registered", async () => {
    let before: string | undefined;
    for (const [index, { name, command }] of hosts.entries()) {
      const alias = name.replaceAll(/[ .]/g, "-");
      const given = ["s3://artifacts/store", alias, ...(before === undefined ? [] : [before])];
      expect(await answerOf(command(at("bucket-store.mjs")), ...given), name).toEqual({
        isEqual: true,
        found: ["FINISHED"],
        isExact: true,
        version: index + 1,
        predicted: [2, 4],
      });
      before = alias;
    }
  });
});

describe.skipIf(leftOut("python", "node24", "bun", "deno"))("a server that comes after the run", () => {
  let server: MlflowServer | undefined;
  afterAll(() => server?.kill());

  const spoolOf = (name: string) => join(project.path, `spool of ${name}`);
  const environment = (name: string, port: number) => ({
    MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}`,
    TIDEMARK_SPOOL_DIR: spoolOf(name),
    DENO_DIR: join(project.path, ".deno"),
  });

  test("gets it from the spool, in every runtime", async () => {
    const port = await freePort();
    const localIds = new Map<string, string>();
    for (const { name, command } of hosts) {
      const [program, ...args] = command(at("away.mjs"));
      const cwd = mkdtempSync(join(project.path, "cwd-"));
      localIds.set(name, await succeed(program, args, { cwd, env: environment(name, port) }));
    }
    server = await startMlflowServer({ port });
    for (const { name, command } of hosts) {
      const [program, ...args] = command(at("node_modules/tidemark/dist/cli.js"));
      const replay = [...args, "spool", "replay"];
      await succeed(program, replay, { cwd: project.path, env: environment(name, port) });
    }
    const client = await connect(server.address);
    for (const localId of localIds.values()) {
      const { id, status, params } = await client.runs.get(localId);
      expect({ status, params }).toEqual({ status: "FINISHED", params: { lr: "0.1" } });
      expect((await client.runs.metricHistory(id, "loss")).values).toEqual(
        Float64Array.from({ length: 3_000 }, (_, i) => i),
      );
      expect(Buffer.from(await client.artifacts.read({ runId: id, path: "notes.txt" })).toString()).toBe("hi");
    }
    await client.close();
  });
});

describe("TypeScript", () => {
  const STRICT = [
    "--strict",
    "--exactOptionalPropertyTypes",
    "--target",
    "es2022",
    "--lib",
    "es2023,esnext.disposable",
  ];

  test.each([
    { file: "types-esm.mts", output: "types-esm.mjs", module: ["--module", "nodenext"] },
    { file: "types-esm.mts", output: "types-esm.mjs", module: ["--module", "esnext", "--moduleResolution", "bundler"] },
    { file: "types-commonjs.cts", output: "types-commonjs.cjs", module: ["--module", "nodenext"] },
  ])("$file compiles with $module and records a run", async ({ file, output, module }) => {
    // Below the project, so that the compiled file finds the package. Libraries are checked too: ours must stand by itself.
    const outDir = mkdtempSync(at("compiled-"));
    const compile = [at("node_modules/typescript/bin/tsc"), ...STRICT, ...module, "--outDir", outDir, at(file)];
    await succeed(process.execPath, compile, { cwd: project.path });
    expect(await recordedBy(process.execPath, join(outDir, output))).toEqual(expected);
  });
});
