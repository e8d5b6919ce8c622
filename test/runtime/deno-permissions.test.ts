import { mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, inject, test } from "vitest";
import { runProgram } from "../support/child.ts";
import { runDirectory } from "../support/mlruns.ts";
import { denoPath, leftOut } from "../support/peers.ts";

// Deno gives a program what its user allows. What is missing is named, as Deno names it; what can do without does.

const project = inject("installedProject");

interface Limited {
  readonly allowed: readonly string[];
  /** Where the program goes: then it is elsewhere.ts. */
  readonly uri?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program of the matrix in an empty folder with nothing but these permissions; `.` is that folder. */
async function limited({ allowed, uri, env = {} }: Limited) {
  const cwd = mkdtempSync(join(project, "cwd-"));
  const file = join(project, "programs", uri === undefined ? "unended.mjs" : "elsewhere.mjs");
  const variables = { DENO_DIR: join(project, ".deno"), NO_COLOR: "1", ...env };
  const ended = await runProgram(denoPath(), ["run", "--no-prompt", ...allowed, file, uri ?? ""], {
    cwd,
    env: variables,
  });
  return { ...ended, cwd };
}

/** The first line of what ended the program. */
const firstLine = (stderr: string) => stderr.split("\n").find((line) => line.startsWith("error: ")) ?? stderr;

describe.skipIf(leftOut("deno")).concurrent("Deno with few permissions", () => {
  test("reads and writes below one folder: a run is recorded whole, without the environment and the system", async ({
    expect,
  }) => {
    const { code, stderr, stdout, cwd } = await limited({ allowed: ["--allow-read=.", "--allow-write=."] });
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const { runId } = JSON.parse(stdout);
    expect(readdirSync(join(runDirectory(join(cwd, "mlruns"), runId), "metrics")).sort()).toEqual(["a", "b", "loss"]);
  });

  test.for<[string, Limited, RegExp]>([
    ["--allow-write", { allowed: ["--allow-read"] }, /TidemarkError: cannot create .*mlruns.*--allow-write flag$/],
    [
      "--allow-read",
      { allowed: ["--allow-write=."] },
      /TidemarkError: cannot (read|create) .*mlruns.*--allow-read flag$/,
    ],
    [
      "--allow-net",
      {
        allowed: ["--allow-read", "--allow-write=.", "--allow-env"],
        env: { MLFLOW_TRACKING_URI: "http://127.0.0.1:9", TIDEMARK_SPOOL_DIR: "./spool" },
      },
      /TidemarkError: http:\/\/127\.0\.0\.1:9 is not asked: Requires net access to "127\.0\.0\.1:9".*--allow-net flag$/,
    ],
  ])("names %s where it is missing", async ([, how, message], { expect }) => {
    const { code, stderr } = await limited(how);
    expect(code).toBe(1);
    expect(firstLine(stderr)).toMatch(message);
  });

  test("a server is spoken to without the environment; what a dead one costs is said", async ({ expect }) => {
    const { stderr } = await limited({ allowed: ["--allow-read=.", "--allow-net"], uri: "http://127.0.0.1:9" });
    expect(stderr).toContain("http://127.0.0.1:9 does not answer: nothing listens there");
    expect(stderr).toContain("by --allow-env=HOME or --allow-sys=homedir: what waits");
    expect(stderr).toContain("CAUGHT FLUSH_INCOMPLETE");
  });

  test("a bucket's keys are missed where the environment is hidden", async ({ expect }) => {
    const { stderr } = await limited({ allowed: ["--allow-net"], uri: "s3://bucket/x" });
    expect(stderr).toContain("CAUGHT UNAUTHENTICATED no AWS credentials");
    expect(stderr).toContain("Deno does not show AWS_ACCESS_KEY_ID without --allow-env");
  });

  test("system metrics that were asked for are missed aloud, and the run goes on", async ({ expect }) => {
    const { code, stderr } = await limited({
      allowed: ["--allow-read", "--allow-write=.", "--allow-env"],
      env: { MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: "true" },
    });
    expect(code).toBe(0);
    expect(stderr).toMatch(/a system metric cannot be read: Requires sys access to "cpus".*--allow-sys flag/);
  });
});
