/**
 * One environment variable; empty counts as absent, as in MLflow. Deno without `--allow-env` answers absent instead of
 * throwing: a missing permission must not break training.
 */
export function readEnv(name: string): string | undefined {
  try {
    const value = process.env[name];
    return value === undefined || value === "" ? undefined : value;
  } catch {
    return undefined;
  }
}

/** What to add to a message that names a variable which may be set and hidden by Deno; else empty. */
export function hiddenEnvNote(name: string): string {
  try {
    process.env[name];
    return "";
  } catch {
    return `; Deno does not show ${name} without --allow-env`;
  }
}

/** Removes a variable that is meant for one reader only (`MLFLOW_RUN_ID`), so that children don't see it again. */
export function consumeEnv(name: string): string | undefined {
  const value = readEnv(name);
  if (value !== undefined) delete process.env[name];
  return value;
}

/** MLflow's reading of a boolean variable: `true` and `1`, in any case. */
export function readEnvFlag(name: string): boolean {
  const value = readEnv(name)?.toLowerCase();
  return value === "true" || value === "1";
}
