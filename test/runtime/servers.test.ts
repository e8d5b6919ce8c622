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

  test("keeps artifacts of every runtime", async () => {
    storage = await startVersitygw("artifacts");
    for (const { name, command } of hosts) {
      const [program, ...args] = command(at("programs/bucket.mjs"));
      const env = {
        AWS_ENDPOINT_URL_S3: storage.address,
        AWS_ACCESS_KEY_ID: storage.keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: storage.keys.secretAccessKey,
        DENO_DIR: at(".deno"),
      };
      const place = `s3://artifacts/${encodeURIComponent(name)}`;
      const output = await succeed(program, [...args, place], { cwd: emptyFolder(), env });
      expect(JSON.parse(output), name).toEqual({ isEqual: true, notes: "hi", names: ["large ü.bin"] });
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
