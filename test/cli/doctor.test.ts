import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import { runProgram } from "../support/child.ts";
import { bin, tidemark, tidemarkInTerminal, writeRun } from "../support/command-line.ts";
import { answer, FaultProxy, pass } from "../support/fault-proxy.ts";
import { runDirectory, temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { manifest } from "../support/repository.ts";
import { BUCKET, type S3Server, startVersitygwServer } from "../support/s3-servers.ts";

/** What a terminal is told, to forget a line. */
const CLEARED_LINE = "\u001b[2K";

/** A folder as people have it: their runs are in `mlruns` below. */
async function folderWithRuns() {
  const folder = temporaryDirectory();
  const mlruns = join(folder, "mlruns");
  const client = await connect(mlruns);
  const ids = [await writeRun(client, { metrics: { loss: [1, 2] } }), await writeRun(client, {})] as const;
  return { folder, mlruns, ids };
}

describe("doctor", () => {
  it("finds a sound store sound, and says why it is the one", async () => {
    const { folder, mlruns } = await folderWithRuns();
    const { code, stdout } = await runProgram(bin, ["doctor"], { cwd: folder });
    expect(code).toBe(0);
    expect(stdout).toContain(`tidemark ${manifest.version}, node ${process.versions.node}`);
    expect(stdout).toContain("./mlruns (the default: neither --uri nor MLFLOW_TRACKING_URI is set)");
    expect(stdout).toContain(`${mlruns} holds experiments: 2, runs: 2`);
    expect(stdout).not.toContain("wrong");
    expect((await tidemark(mlruns, "doctor")).stdout).toContain("(by the variable MLFLOW_TRACKING_URI)");
    expect((await tidemark(mlruns, "doctor", "--uri", mlruns)).stdout).toContain("(by the option --uri)");
  });

  it("names every damaged file", async () => {
    const { mlruns, ids } = await folderWithRuns();
    const [torn, broken] = ids.map((id) => runDirectory(mlruns, id)) as [string, string];
    appendFileSync(join(torn, "metrics", "loss"), "no metric\n");
    writeFileSync(join(broken, "meta.yaml"), "status: [");
    mkdirSync(join(mlruns, "123"));
    const { code, stdout, stderr } = await tidemark(mlruns, "doctor");
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    const damage = stdout.split("\n").filter((line) => line.startsWith("wrong  damage"));
    for (const path of [join(torn, "metrics", "loss"), join(broken, "meta.yaml"), join(mlruns, "123", "meta.yaml")]) {
      expect(damage.filter((line) => line.includes(path))).toHaveLength(1);
    }
    const findings = JSON.parse((await tidemark(mlruns, "doctor", "--json")).stdout) as { level: string }[];
    expect(findings.filter(({ level }) => level === "wrong")).toHaveLength(damage.length);
  });

  it("shows how far it is where a person is looking, and leaves nothing of it behind", async () => {
    const { mlruns } = await folderWithRuns();
    const { code, stdout } = await tidemarkInTerminal(mlruns, 100, {}, "doctor");
    expect(code).toBe(0);
    expect(stdout).toContain("0 of 2");
    const [, answer] = stdout.split(CLEARED_LINE);
    expect(answer).toContain("runs: 2");
    expect(answer).not.toContain("reading runs");
    expect((await tidemarkInTerminal(mlruns, 100, { TERM: "dumb" }, "doctor")).stdout).not.toContain("reading runs");
    expect((await tidemarkInTerminal(mlruns, 100, {}, "doctor", "--json")).stdout).not.toContain("reading runs");
  });

  it("knows what trips Python MLflow", async () => {
    const { folder, mlruns } = await folderWithRuns();
    writeFileSync(join(folder, "mlflow.db"), "");
    const notes = async (env: Record<string, string>) => {
      const spool = { TIDEMARK_SPOOL_DIR: join(folder, "spool") };
      const { code, stdout } = await runProgram(bin, ["doctor"], { cwd: folder, env: { ...spool, ...env } });
      expect(code).toBe(0);
      return stdout.split("\n").filter((line) => line.startsWith("note"));
    };
    expect((await notes({})).join("\n")).toMatch(/mlflow\.db lies beside .*\n.*MLFLOW_ALLOW_FILE_STORE=true/);
    expect(await notes({ MLFLOW_ALLOW_FILE_STORE: "true" })).toHaveLength(1);
    rmSync(mlruns, { recursive: true });
    expect(await notes({ TIDEMARK_DISABLED: "1" })).toHaveLength(2);
  });

  it("lets writers race for an object only where there is a bucket", async () => {
    const { mlruns } = await folderWithRuns();
    const { code, stdout } = await tidemark(mlruns, "doctor", "--race");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^note +race +only writers of a bucket/m);
  });

  it("says what keeps it from the runs, and no password", async () => {
    const { code, stdout } = await tidemark(temporaryDirectory(), "doctor", "--uri", "nowhere://me:secret@host/x");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^wrong +backend +.*unknown scheme/m);
    expect(stdout).not.toContain("secret");
  });
});

describe.skipIf(leftOut("versitygw"))("doctor of a bucket", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startVersitygwServer();
  });
  afterAll(() => server?.kill());

  const doctor = (uri: string, endpoint: string) => {
    const env = {
      MLFLOW_TRACKING_URI: uri,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: server.options.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.options.credentials.secretAccessKey,
    };
    return runProgram(bin, ["doctor", "--race"], { cwd: temporaryDirectory(), env });
  };

  it("tells what is there, and that its conditions hold in a race", async () => {
    const uri = `s3://${BUCKET}/doctor`;
    const client = await connect(uri, server.options);
    await writeRun(client, { metrics: { loss: [1, 2] } });
    await client.close();
    const { code, stdout } = await doctor(uri, server.options.endpoint);
    expect(stdout).toContain(`${uri} holds experiments: 2, runs: 1`);
    expect(stdout).toMatch(/^ok +race +of 32 writers at once, 1 created one object, and 1 changed one state of it$/m);
    expect(code).toBe(0);
  });

  it("says where conditions are forgotten", async () => {
    // It says yes to everything.
    const proxy = await FaultProxy.start(server.options.endpoint, true);
    proxy.script = ({ incoming: { method } }) =>
      method === "PUT"
        ? answer(200, "", { etag: '"0123"' })
        : method === "HEAD"
          ? answer(200, "", { etag: '"0123"' })
          : pass;
    const { code, stdout } = await doctor(`s3://${BUCKET}/doctor`, proxy.address);
    expect(stdout).toMatch(/^wrong +race +of 32 writers at once, 32 created one object.*is lost there$/m);
    expect(code).toBe(1);
  });
});
