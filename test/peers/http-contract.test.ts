import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { httpBackend } from "../../src/http/index.ts";
import { backendContract } from "../contract/suite.ts";
import { type MlflowServer, startMlflowServer } from "../support/mlflow-server.ts";
import { leftOut } from "../support/peers.ts";

describe.skipIf(leftOut("python"))("a server on SQLite", () => {
  let server: MlflowServer | undefined;
  beforeAll(async () => {
    server = await startMlflowServer({ args: ["--enable-workspaces"] });
  });
  afterAll(() => server?.kill());

  let made = 0;
  /** A workspace stands for a new server: starting one for every rule would take minutes. */
  async function newWorkspace(): Promise<string> {
    const name = `contract-${made++}`;
    const { status } = await fetch(`${server?.address}/api/3.0/mlflow/workspaces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name }),
    });
    expect(status).toBe(201);
    return name;
  }
  const makeBackend = async () => httpBackend({ url: server?.address ?? "", workspace: await newWorkspace() });

  // docs/guide/http.md has the reasons. The first two are those of workspaces, not of servers.
  const rules = backendContract(makeBackend, {
    defaultExperiment: false,
    artifactLocations: false,
    exactValues: false,
    stablePages: false,
    linksInLists: false,
    modelStatusFilter: false,
    rewind: false,
  });
  for (const { name, run } of rules) it(name, run);
});
