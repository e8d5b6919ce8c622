import { warnOnce } from "../base/diagnostics.ts";
import { readEnv } from "../base/env.ts";
import { describe, TidemarkError } from "../base/errors.ts";

/** The part of a server that is asked for. */
export interface Workspace {
  readonly name: string;
  /** Asked for by an option, not by what may be left of another program in the environment. */
  readonly isOption: boolean;
}

const HEADER = "x-mlflow-workspace";

/** The option, else `MLFLOW_WORKSPACE`; spaces around it mean nothing, as in MLflow. */
export function findWorkspace(option: string | undefined): Workspace | undefined {
  const name = (option ?? readEnv("MLFLOW_WORKSPACE"))?.trim() ?? "";
  return name === "" ? undefined : { name, isOption: option !== undefined };
}

/** What a request carries to a server that has workspaces. */
export const workspaceHeaders = ({ name }: Workspace): Readonly<Record<string, string>> => ({ [HEADER]: name });

/**
 * What becomes of it at a server without workspaces, which would refuse every request that names one: an error (`NOT_IMPLEMENTED`:
 * values that wait are kept until the server has it), or, where it comes from the environment and may be meant for another server,
 * only a warning.
 */
export function missingWorkspace({ name, isOption }: Workspace, base: string): TidemarkError | undefined {
  if (isOption) {
    const message = `workspace: got ${describe(name)}, and ${base} has no workspaces: leave the option out, or start the server with --enable-workspaces`;
    return new TidemarkError("NOT_IMPLEMENTED", message, { details: { argument: "workspace" } });
  }
  warnOnce(
    `workspace:${base}`,
    `MLFLOW_WORKSPACE is ${describe(name)}, and ${base} has no workspaces: it is not sent there`,
  );
  return undefined;
}
