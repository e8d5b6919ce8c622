import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

// A test here may start a Python, pack a tarball or kill a training: minutes, not milliseconds.
const CHILD_PROCESS_TIMEOUT_MS = 120_000;

/** Tests that call the TypeScript sources. */
const fast = (name: string) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: 20_000 },
});

/** Tests that start other programs. One file at a time: each of them keeps the cores of a small machine busy by itself. */
const heavy = (name: string, ...globalSetup: readonly string[]) => ({
  extends: true as const,
  test: {
    name,
    globalSetup: [...globalSetup],
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: CHILD_PROCESS_TIMEOUT_MS,
    hookTimeout: 3 * CHILD_PROCESS_TIMEOUT_MS,
    fileParallelism: false,
    sequence: { groupOrder: 1 },
  },
});

export default defineConfig({
  test: {
    // What a test leaves behind for a server must not be found by the next one, nor by a person's programs.
    env: { TIDEMARK_SPOOL_DIR: mkdtempSync(join(tmpdir(), "tidemark-test-spool-")) },
    pool: "forks",
    maxWorkers: 2,
    projects: [
      fast("unit"),
      fast("contract"),
      heavy("exit"),
      heavy("cli"),
      heavy("peers"),
      heavy("faults", "test/support/shared-mlflow-server.ts"),
      heavy("package"),
      heavy("runtime", "test/support/installed-project.ts"),
    ],
  },
});
