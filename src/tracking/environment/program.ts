import { dirname, resolve, sep } from "node:path";

/** True where the program is text given to `-e` or `-p`: the first argument stands where a script's path would. */
export function isEvaluated(): boolean {
  const isEvalFlag = (arg: string) => /^(?:-e|-p|-pe|--eval|--print)(?:=|$)/.test(arg);
  return process.argv[1] === "[eval]" || process.execArgv.some(isEvalFlag);
}

/**
 * Where the code of this program is: the main script's directory, as in MLflow. A script inside node_modules is a tool (a test
 * runner, a CLI) that runs the program from the current directory. Undefined when that directory was deleted under the process,
 * or Deno may not read it.
 */
export function programDirectory(): string | undefined {
  try {
    const script = process.argv[1];
    const isTool = script?.split(sep).includes("node_modules");
    return script === undefined || isTool || isEvaluated() ? process.cwd() : dirname(resolve(script));
  } catch {
    return undefined;
  }
}
