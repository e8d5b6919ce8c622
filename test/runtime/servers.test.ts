import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, inject, test } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import { succeed } from "../support/child.ts";
import { allHosts, hosts } from "../support/hosts.ts";
import { freePort, type MlflowServer, startMlflowServer } from "../support/mlflow-server.ts";
import { leftOut } from "../support/peers.ts";
import { startVersitygw, type Versitygw } from "../support/versitygw.ts";

// What the matrix of programs does not have: a bucket, and a server that is away at first. Each is started once for all runtimes.

const project = inject("installedProject");
const at = (path: string) => join(project, path);
const emptyFolder = () => mkdtempSync(at("cwd-"));

describe.skipIf(leftOut("versitygw", ...allHosts))("a bucket", () => {
  let storage: Versitygw | undefined;
  afterAll(() => storage?.kill());

  async function answerOf([program, ...args]: readonly [string, ...string[]], ...more: readonly string[]) {
    storage ??= await startVersitygw("artifacts");
    const cwd = emptyFolder();
    const env = {
      AWS_ENDPOINT_URL_S3: storage.address,
      AWS_ACCESS_KEY_ID: storage.keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: storage.keys.secretAccessKey,
      TIDEMARK_SPOOL_DIR: join(cwd, "spool"),
      DENO_DIR: at(".deno"),
    };
    return JSON.parse(await succeed(program, [...args, ...more], { cwd, env })) as unknown;
  }

  test("keeps artifacts of every runtime", async () => {
    for (const { name, command } of hosts) {
      const answer = await answerOf(command(at("programs/bucket.mjs")), `s3://artifacts/${encodeURIComponent(name)}`);
      expect(answer, name).toEqual({ isEqual: true, notes: "hi", names: ["large ü.bin"] });
    }
  });

  test("is the whole store of every runtime, and each loads by its alias what the one before has registered", async () => {
    let before: string | undefined;
    for (const [index, { name, command }] of hosts.entries()) {
      const alias = name.replaceAll(/[ .]/g, "-");
      const given = ["s3://artifacts/store", alias, ...(before === undefined ? [] : [before])];
      expect(await answerOf(command(at("programs/bucket-store.mjs")), ...given), name).toEqual({
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

describe.skipIf(leftOut("python", ...allHosts))("a server that comes after the run", () => {
  let server: MlflowServer | undefined;
  afterAll(() => server?.kill());

  const environment = (name: string, port: number) => ({
    MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}`,
    TIDEMARK_SPOOL_DIR: at(`spool of ${name}`),
    DENO_DIR: at(".deno"),
  });

  test("gets it from the spool, in every runtime", async () => {
    const port = await freePort();
    const localIds = new Map<string, string>();
    for (const { name, command } of hosts) {
      const [program, ...args] = command(at("programs/away.mjs"));
      const output = await succeed(program, args, { cwd: emptyFolder(), env: environment(name, port) });
      localIds.set(name, JSON.parse(output).runId);
    }
    server = await startMlflowServer({ port });
    for (const { name, command } of hosts) {
      const [program, ...args] = command(at("node_modules/tidemark/dist/cli.js"));
      await succeed(program, [...args, "spool", "replay"], { cwd: project, env: environment(name, port) });
    }
    const client = await connect(server.address);
    for (const [name, localId] of localIds) {
      const { id, status, params } = await client.runs.get(localId);
      expect({ status, params }, name).toEqual({ status: "FINISHED", params: { lr: "0.1" } });
      expect((await client.runs.metricHistory(id, "loss")).values, name).toEqual(
        Float64Array.from({ length: 3_000 }, (_, i) => i),
      );
      expect(Buffer.from(await client.artifacts.read({ runId: id, path: "notes.txt" })).toString(), name).toBe("hi");
    }
    await client.close();
  });
});
