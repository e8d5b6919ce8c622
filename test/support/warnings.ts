import { onTestFinished } from "vitest";
import { setLogger } from "../../src/base/diagnostics.ts";

/** What is warned of until the test ends; said causes are only said once in a process, so tests use paths of their own. */
export function warnings(): string[] {
  const said: string[] = [];
  setLogger({ debug: () => {}, info: () => {}, warn: (message) => said.push(message) });
  onTestFinished(() => setLogger(undefined));
  return said;
}
