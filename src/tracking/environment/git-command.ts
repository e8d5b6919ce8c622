import { dirname } from "node:path";
import { promisify } from "node:util";

/** What one call of git may be given. */
export interface GitCallOptions {
  /** Rejects with `ERR_CHILD_PROCESS_STDIO_MAXBUFFER` beyond. Default 64 KiB. */
  readonly maxBytes?: number;
  /** Settings that win over the repository's own. */
  readonly config?: readonly string[];
}

/** Runs one git command and answers what it printed; rejects when git is absent, fails or takes too long. */
export type Git = (command: readonly string[], options?: GitCallOptions) => Promise<string>;

// Whose repository this is nobody knows, and its configuration can name programs for git to start.
const HARMLESS = ["core.fsmonitor=false", "core.hooksPath=/dev/null"];

const DEFAULT_MAX_BYTES = 64 * 1024;

/** The git of one directory. All calls together must be through by the time `timeoutMs` has passed. */
export function gitIn(directory: string, timeoutMs: number): Git {
  const deadline = performance.now() + timeoutMs;
  return async (command, { maxBytes = DEFAULT_MAX_BYTES, config = [] } = {}) => {
    const settings = [...HARMLESS, ...config].flatMap((setting) => ["-c", setting]);
    // Not with `import "tidemark"`: it is only for programs that open runs.
    const { execFile } = await import("node:child_process");
    const { stdout } = await promisify(execFile)(
      "git",
      ["--no-pager", "--no-optional-locks", "-C", directory, ...settings, ...command],
      {
        // Not the directory itself: Windows would prefer a git.exe that lies in it over the one of PATH.
        cwd: dirname(process.execPath),
        env: gitEnvironment(),
        timeout: Math.max(1, Math.ceil(deadline - performance.now())),
        killSignal: "SIGKILL",
        maxBuffer: maxBytes,
        windowsHide: true,
      },
    );
    return stdout;
  };
}

function gitEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    GIT_TERMINAL_PROMPT: "0",
    // A partial clone fetches what it lacks, with whatever transport program the repository names. No protocol is called "none".
    GIT_NO_LAZY_FETCH: "1",
    GIT_ALLOW_PROTOCOL: "none",
    LC_ALL: "C",
  };
}
