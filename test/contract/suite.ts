import type { Backend } from "../../src/contract/backend.ts";
import { artifactTests } from "./artifacts.ts";
import { type BackendDifferences, withDefaults } from "./differences.ts";
import { changedExperimentTests, experimentTests } from "./experiments.ts";
import { loggedModelTests } from "./logged-models.ts";
import { loggingTests } from "./logging.ts";
import { aliasTests, registeredModelTests, versionTests } from "./registry.ts";
import { rewindTests } from "./rewinding.ts";
import { runTests } from "./runs.ts";
import { type ContractTests, runTest } from "./subject.ts";

/** One rule that a backend keeps. */
export interface ContractTest {
  /** Like `runs: come back as they were created`. */
  readonly name: string;
  /** Rejects with an `AssertionError` where the rule is broken. */
  readonly run: () => Promise<void>;
}

/**
 * The rules that every backend keeps, as tests for any test runner: what they hold is what the rest of Tidemark relies on.
 *
 * @param makeBackend - Makes a new, empty backend for every test, which closes it.
 * @param differences - What this backend can and cannot do, where it differs from most.
 * @example
 * ```ts
 * import { test } from "node:test";
 * import { backendContract } from "tidemark/backend";
 * import { memoryBackend } from "tidemark/memory";
 *
 * for (const { name, run } of backendContract(() => memoryBackend())) test(name, run);
 * ```
 */
export function backendContract(
  makeBackend: () => Backend | Promise<Backend>,
  differences: BackendDifferences = {},
): readonly ContractTest[] {
  const can = withDefaults(differences);
  const groups: Readonly<Record<string, ContractTests>> = {
    experiments: experimentTests,
    "experiments that change": changedExperimentTests,
    runs: runTests,
    "what a run logs": loggingTests,
    "a run that is taken back": rewindTests,
    artifacts: artifactTests,
    ...(can.registry ? { "registered models": registeredModelTests, versions: versionTests, aliases: aliasTests } : {}),
    ...(can.loggedModels ? { "logged models": loggedModelTests } : {}),
  };
  return Object.entries(groups).flatMap(([group, tests]) =>
    Object.entries(tests)
      .filter(([, { needs }]) => needs === undefined || can[needs])
      .map(([name, test]) => ({ name: `${group}: ${name}`, run: () => runTest(makeBackend, can, test) })),
  );
}
