import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Client, connect, startRun } from "../../src/index.ts";
import { type MlflowServer, startMlflowServer } from "../support/mlflow-server.ts";
import { leftOut } from "../support/peers.ts";
import { warnings } from "../support/warnings.ts";

async function open(address: string | undefined, options?: Parameters<typeof connect>[1]): Promise<Client> {
  const client = await connect(address, options);
  onTestFinished(() => client.close());
  return client;
}

const idsOf = async (client: Client): Promise<string[]> => {
  const { items } = await client.experiments.search().page();
  const found = await client.runs.search({ experimentIds: items.map(({ id }) => id) }).page();
  return found.items.map(({ id }) => id);
};

async function logRun(client: Client, value: number): Promise<string> {
  const run = await startRun({ client, experiment: "digits", captureEnvironment: false });
  run.logMetric("loss", value);
  await run.logText(`loss ${value}`, "notes/loss.txt");
  await run.end();
  return run.id;
}

const readNote = async (client: Client, runId: string): Promise<string> =>
  Buffer.from(await client.artifacts.read({ runId, path: "notes/loss.txt" })).toString();

describe.skipIf(leftOut("python"))("a server with workspaces", () => {
  let server: MlflowServer | undefined;
  beforeAll(async () => {
    server = await startMlflowServer({ args: ["--enable-workspaces"] });
    for (const name of ["team-a", "team-b"]) {
      const { status } = await fetch(`${server.address}/api/3.0/mlflow/workspaces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name }),
      });
      expect(status).toBe(201);
    }
  });
  afterAll(() => server?.kill());

  it("keeps them apart: runs, artifacts, models", async () => {
    const a = await open(server?.address, { workspace: "team-a" });
    vi.stubEnv("MLFLOW_WORKSPACE", " team-b ");
    const b = await open(server?.address);
    vi.unstubAllEnvs();
    const [inA, inB] = [await logRun(a, 1), await logRun(b, 2)];
    expect([await idsOf(a), await idsOf(b)]).toEqual([[inA], [inB]]);
    expect([await readNote(a, inA), await readNote(b, inB)]).toEqual(["loss 1", "loss 2"]);
    await a.registry.createModel({ name: "digits" });
    await expect(b.registry.getModel("digits")).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
    await expect(b.runs.get(inA)).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
  });

  it("says which workspace it does not have", async () => {
    const client = await open(server?.address, { workspace: "nobodys" });
    await expect(client.experiments.search().page()).rejects.toMatchObject({
      code: "RESOURCE_DOES_NOT_EXIST",
      message: expect.stringContaining("nobodys"),
    });
  });
});

describe.skipIf(leftOut("python"))("a server without workspaces", () => {
  let server: MlflowServer | undefined;
  beforeAll(async () => {
    server = await startMlflowServer({});
  });
  afterAll(() => server?.kill());

  it("is not told the workspace of the environment, and that is said once", async () => {
    const said = warnings();
    vi.stubEnv("MLFLOW_WORKSPACE", "team-a");
    const client = await open(server?.address);
    vi.unstubAllEnvs();
    const runId = await logRun(client, 3);
    expect(await readNote(client, runId)).toBe("loss 3");
    expect(said.filter((message) => message.includes("MLFLOW_WORKSPACE"))).toHaveLength(1);
  });

  it("cannot give the workspace that an option asks for", async () => {
    const client = await open(server?.address, { workspace: "team-a" });
    await expect(client.experiments.search().page()).rejects.toMatchObject({
      code: "NOT_IMPLEMENTED",
      message: expect.stringContaining("workspace:"),
    });
  });
});
