import type { TestProject } from "vitest/node";
import { type MlflowServer, startMlflowServer } from "./mlflow-server.ts";
import { leftOut } from "./peers.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Address of a server on SQLite that the files of a project share. Absent where the tests that need it are left out. */
    readonly mlflowAddress: string;
  }
}

let server: MlflowServer | undefined;

/** Starts it once for all files of a project: it takes longer than most tests. */
export async function setup(project: TestProject): Promise<void> {
  if (leftOut("python")) return;
  server = await startMlflowServer({});
  project.provide("mlflowAddress", server.address);
}

export async function teardown(): Promise<void> {
  await server?.kill();
}
