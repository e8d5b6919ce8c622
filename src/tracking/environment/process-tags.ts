import { userInfo } from "node:os";
import { readEnv } from "../../base/env.ts";
import { detectRuntime } from "../../base/platform.ts";
import { isLongerThan, truncate } from "../../base/text.ts";
import { MAX_TAG_VALUE_LENGTH } from "../../schema/limits.ts";
import { PROCESS_TAG, processText } from "../life/process-tag.ts";
import { isAllowed } from "./deno-permissions.ts";
import { maskArgument, maskArguments } from "./mask-arguments.ts";
import { isEvaluated } from "./program.ts";

/** What this process can tell about itself, by tag. What a runtime doesn't let it know is left out. */
export function processTags(): Record<string, string> {
  const readers: Record<string, () => string | undefined> = {
    "mlflow.user": userName,
    "mlflow.source.name": sourceName,
    "mlflow.source.type": () => "LOCAL",
    "tidemark.argv": argumentsText,
    "tidemark.runtime": () => {
      const { name, version } = detectRuntime();
      return `${name} ${version}`;
    },
    [PROCESS_TAG]: processText,
    "tidemark.platform": () => `${process.platform} ${process.arch}`,
  };
  const tags: Record<string, string> = {};
  for (const [key, read] of Object.entries(readers)) {
    try {
      const value = read();
      if (value !== undefined) tags[key] = value;
    } catch {
      // A permission that is missing, or a user without an entry in the password file: the tag stays away.
    }
  }
  return tags;
}

/** The name for the tracking server first, then the order of Python's getpass, as MLflow does it. */
function userName(): string | undefined {
  for (const name of ["MLFLOW_TRACKING_USERNAME", "LOGNAME", "USER", "LNAME", "USERNAME"]) {
    const value = readEnv(name);
    if (value !== undefined) return value;
  }
  return isAllowed({ name: "sys" }) ? userInfo().username : undefined;
}

/** The main script, or MLflow's `<console>` where none was named. */
function sourceName(): string {
  const script = process.argv[1];
  if (isEvaluated()) return "<eval>";
  if (script === undefined || script === "") return "<console>";
  return script === "-" ? "<stdin>" : maskArgument(script);
}

const LONGEST_ARGUMENT_OF_MANY = 500;

/** The script and its arguments as JSON that stays JSON when it must be cut. */
function argumentsText(): string {
  const args = maskArguments(process.argv.slice(1));
  if (!isLongerThan(JSON.stringify(args), MAX_TAG_VALUE_LENGTH)) return JSON.stringify(args);
  const kept: string[] = [];
  let length = JSON.stringify(["…"]).length;
  for (const arg of args) {
    const cut = truncate(arg, LONGEST_ARGUMENT_OF_MANY);
    length += JSON.stringify(cut).length + 1;
    if (length > MAX_TAG_VALUE_LENGTH) break;
    kept.push(cut);
  }
  return JSON.stringify(kept.length < args.length ? [...kept, "…"] : kept);
}
