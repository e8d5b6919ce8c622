import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setLogger } from "../../../src/base/diagnostics.ts";
import { captureEnvironment } from "../../../src/tracking/environment/capture.ts";
import { maskArguments } from "../../../src/tracking/environment/mask-arguments.ts";

const home = process.cwd();
const { argv, execArgv } = process;
let directory: string;
let warnings: string[];

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "tidemark-environment-")));
  process.chdir(directory);
  vi.stubEnv("GIT_CEILING_DIRECTORIES", tmpdir());
  vi.stubEnv("MLFLOW_RUN_CONTEXT", "");
  warnings = [];
  setLogger({ debug: () => {}, info: () => {}, warn: (message) => warnings.push(message) });
});

afterEach(() => {
  process.chdir(home);
  process.argv = argv;
  process.execArgv = execArgv;
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  setLogger(undefined);
  rmSync(directory, { recursive: true, force: true });
});

const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=T", "-c", "user.email=t@example.org", ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();

function commit(files: Record<string, string> = { "train.ts": "one\n" }): void {
  git("init", "--quiet", "--initial-branch", "trunk");
  for (const [name, content] of Object.entries(files)) writeFileSync(name, content);
  git("add", ".");
  git("commit", "--quiet", "-m", "first");
}

/** Time goes on for the code under test. */
function advance(ms: number): void {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => now() + ms);
}

describe("the git state", () => {
  it("is commit, branch, remote and clean", async () => {
    commit();
    git("remote", "add", "backup", "https://example.org/backup.git");
    git("remote", "add", "origin", "https://jo:hunter2@example.org/team/model.git");
    const { tags, diff } = await captureEnvironment();
    expect(tags).toMatchObject({
      "mlflow.source.git.commit": git("rev-parse", "HEAD"),
      "mlflow.source.git.branch": "trunk",
      "mlflow.source.git.repoURL": "https://***@example.org/team/model.git",
      "tidemark.git.dirty": "false",
    });
    expect(diff).toBeUndefined();
  });

  it("has no branch when HEAD is detached", async () => {
    commit();
    git("checkout", "--quiet", "--detach");
    const { tags } = await captureEnvironment();
    expect(tags["mlflow.source.git.commit"]).toBe(git("rev-parse", "HEAD"));
    expect(tags).not.toHaveProperty(["mlflow.source.git.branch"]);
    expect(tags).not.toHaveProperty(["mlflow.source.git.repoURL"]);
  });

  it("has no commit and no diff in a repository without commits", async () => {
    git("init", "--quiet", "--initial-branch", "trunk");
    writeFileSync("train.ts", "one\n");
    git("add", ".");
    const { tags, diff } = await captureEnvironment();
    expect(tags["mlflow.source.git.branch"]).toBe("trunk");
    expect(tags).not.toHaveProperty(["mlflow.source.git.commit"]);
    expect(tags).not.toHaveProperty(["tidemark.git.dirty"]);
    expect(diff).toBeUndefined();
  });

  it("is absent outside a repository and without git, and nothing is said about it", async () => {
    const outside = await captureEnvironment();
    mkdirSync("inside");
    process.chdir("inside");
    commit();
    vi.stubEnv("PATH", directory);
    const withoutGit = await captureEnvironment();
    for (const { tags, diff } of [outside, withoutGit]) {
      expect(Object.keys(tags).filter((key) => key.includes("git"))).toEqual([]);
      expect(tags["mlflow.source.type"]).toBe("LOCAL");
      expect(diff).toBeUndefined();
    }
    expect(warnings).toEqual([]);
  });

  it("is read again when it may have changed, not for every run of a sweep", async () => {
    commit();
    expect((await captureEnvironment()).tags["tidemark.git.dirty"]).toBe("false");
    writeFileSync("train.ts", "two\n");
    expect((await captureEnvironment()).tags["tidemark.git.dirty"]).toBe("false");
    // Slow git stretches the ten seconds, and a test machine can be slow.
    advance(300_000);
    expect((await captureEnvironment()).tags["tidemark.git.dirty"]).toBe("true");
  });

  it("is that of the main script, wherever it was started", async () => {
    mkdirSync("code");
    process.chdir("code");
    commit();
    const head = git("rev-parse", "HEAD");
    process.chdir(directory);
    process.argv = [process.execPath, join("code", "train.ts")];
    expect((await captureEnvironment()).tags["mlflow.source.git.commit"]).toBe(head);
  });

  it("is that of the current directory where a tool runs the program", async () => {
    expect((await captureEnvironment()).tags).not.toHaveProperty(["mlflow.source.git.commit"]);
    mkdirSync("other");
    process.chdir("other");
    commit();
    expect((await captureEnvironment()).tags["mlflow.source.git.commit"]).toBe(git("rev-parse", "HEAD"));
  });

  it("is absent when the current directory is gone", async () => {
    mkdirSync("gone");
    process.chdir("gone");
    rmSync(join(directory, "gone"), { recursive: true });
    expect((await captureEnvironment()).tags["mlflow.source.type"]).toBe("LOCAL");
  });
});

describe("the diff", () => {
  it("is a patch of staged and unstaged changes of the whole repository, whatever the user's display settings", async () => {
    commit({ "train.ts": "one\n", "model.ts": "two\n" });
    git("config", "diff.noprefix", "true");
    git("config", "diff.relative", "true");
    git("config", "color.ui", "always");
    writeFileSync("train.ts", "changed\n");
    writeFileSync("model.ts", "staged\n");
    git("add", "model.ts");
    writeFileSync("new idea.ts", "three\n");
    mkdirSync("below");
    process.chdir("below");
    const { tags, diff } = await captureEnvironment();
    process.chdir(directory);
    expect(tags["tidemark.git.dirty"]).toBe("true");
    expect(diff).toMatch(/\n# untracked: new idea\.ts\n$/);
    git("reset", "--quiet", "--hard");
    writeFileSync(join(directory, "new idea.ts"), diff as string);
    git("apply", "new idea.ts");
    expect(git("diff", "HEAD", "--name-only", "--no-color").split("\n")).toEqual(["model.ts", "train.ts"]);
  });

  it("does not list untracked files alone", async () => {
    commit();
    writeFileSync("notes.txt", "x");
    const { tags, diff } = await captureEnvironment();
    expect(tags["tidemark.git.dirty"]).toBe("false");
    expect(diff).toBeUndefined();
  });

  it("is only summed up when it is large", async () => {
    commit();
    writeFileSync("train.ts", "a line of a large file\n".repeat(100_000));
    const { tags, diff } = await captureEnvironment();
    expect(tags["tidemark.git.dirty"]).toBe("true");
    expect(diff).toMatch(/larger than 1 MiB[\s\S]*train\.ts *\| 100001 /);
    expect(diff?.length).toBeLessThan(1_000);
  });

  const program = () => join(directory, ".git", "evil.sh");
  const marker = () => join(directory, "was-run");
  const plantProgram = () => {
    writeFileSync(program(), `#!/bin/sh\ntouch '${marker()}'\ncat\n`);
    chmodSync(program(), 0o755);
  };
  const hostile: Record<string, () => void> = {
    "core.fsmonitor": () => git("config", "core.fsmonitor", program()),
    "diff.external": () => git("config", "diff.external", program()),
    "diff.evil.command": () => git("config", "diff.evil.command", program()),
    "diff.evil.textconv": () => git("config", "diff.evil.textconv", program()),
    "filter.evil.clean": () => git("config", "filter.evil.clean", program()),
    "filter.evil.process": () => git("config", "filter.evil.process", program()),
    "a required filter": () => {
      git("config", "filter.evil.clean", program());
      git("config", "filter.evil.required", "true");
    },
    "an included filter": () => {
      writeFileSync(join(".git", "more"), `[filter "evil"]\n\tclean = ${program()}\n`);
      git("config", "include.path", "more");
    },
    "a filter of a worktree": () => {
      git("config", "extensions.worktreeConfig", "true");
      git("config", "--worktree", "filter.evil.clean", program());
    },
  };
  for (const [name, configure] of Object.entries(hostile)) {
    it(`does not start the program of ${name}`, async () => {
      commit({ "train.ts": "one\n", ".gitattributes": "* filter=evil diff=evil\n" });
      plantProgram();
      configure();
      writeFileSync("train.ts", "two\n");
      const { diff } = await captureEnvironment();
      expect(existsSync(marker())).toBe(false);
      expect(diff).toContain("+two");
    });
  }

  it("does not fetch what a partial clone lacks", async () => {
    commit();
    plantProgram();
    const blob = git("rev-parse", "HEAD:train.ts");
    git("config", "core.repositoryFormatVersion", "1");
    git("config", "extensions.partialClone", "origin");
    git("config", "remote.origin.promisor", "true");
    git("config", "remote.origin.url", `ext::${program()}`);
    git("config", "protocol.ext.allow", "always");
    rmSync(join(".git", "objects", blob.slice(0, 2), blob.slice(2)), { force: true });
    writeFileSync("train.ts", "two\n");
    const { tags, diff } = await captureEnvironment();
    expect(existsSync(marker())).toBe(false);
    expect(diff).toBeUndefined();
    expect(tags["mlflow.source.git.branch"]).toBe("trunk");
  });

  it("does not look into submodules with their own filters", async () => {
    mkdirSync("below");
    process.chdir("below");
    commit({ "data.txt": "one\n", ".gitattributes": "* filter=evil\n" });
    git("config", "filter.evil.clean", program());
    process.chdir(directory);
    commit();
    plantProgram();
    writeFileSync(join("below", "data.txt"), "two\n");
    writeFileSync("train.ts", "two\n");
    expect(git("ls-files", "--stage", "below")).toMatch(/^160000 /);
    const { diff } = await captureEnvironment();
    expect(existsSync(marker())).toBe(false);
    expect(diff).toContain("+two");
  });

  it("does without a filter of the repository that cannot be switched off by name", async () => {
    commit({ "train.ts": "one\n", ".gitattributes": "* filter=a=b\n" });
    plantProgram();
    writeFileSync(join(".git", "config"), `[filter "a=b"]\n\tclean = ${program()}\n`, { flag: "a" });
    writeFileSync("train.ts", "two\n");
    const { tags, diff } = await captureEnvironment();
    expect(existsSync(marker())).toBe(false);
    expect(diff).toBeUndefined();
    expect(tags).not.toHaveProperty(["tidemark.git.dirty"]);
    expect(tags["mlflow.source.git.branch"]).toBe("trunk");
  });
});

describe("the lockfile", () => {
  const hash = (text: string) => createHash("sha256").update(text).digest("hex");

  it("is the nearest one above the current directory", async () => {
    writeFileSync("yarn.lock", "far");
    mkdirSync(join("near", "src"), { recursive: true });
    writeFileSync(join("near", "package-lock.json"), "near");
    process.chdir(join("near", "src"));
    expect((await captureEnvironment()).tags["tidemark.lockfile"]).toBe(`package-lock.json sha256:${hash("near")}`);
  });

  it("is one npm would use, and a file", async () => {
    mkdirSync("pnpm-lock.yaml");
    writeFileSync("package-lock.json", "lock");
    writeFileSync("npm-shrinkwrap.json", "shrinkwrap");
    const { tags } = await captureEnvironment();
    expect(tags["tidemark.lockfile"]).toBe(`npm-shrinkwrap.json sha256:${hash("shrinkwrap")}`);
  });
});

describe("the process", () => {
  it("is user, runtime and platform", async () => {
    vi.stubEnv("MLFLOW_TRACKING_USERNAME", "");
    vi.stubEnv("LOGNAME", "");
    vi.stubEnv("USER", "jo");
    vi.stubEnv("USERNAME", "someone else");
    const { tags } = await captureEnvironment();
    expect(tags).toMatchObject({
      "mlflow.user": "jo",
      "mlflow.source.type": "LOCAL",
      "tidemark.runtime": `node ${process.versions.node}`,
      "tidemark.platform": `${process.platform} ${process.arch}`,
    });
  });

  it("asks the system for the user when the variables don't tell", async () => {
    for (const name of ["MLFLOW_TRACKING_USERNAME", "LOGNAME", "USER", "LNAME", "USERNAME"]) vi.stubEnv(name, "");
    const name = execFileSync("id", ["-un"], { encoding: "utf8" }).trim();
    expect((await captureEnvironment()).tags["mlflow.user"]).toBe(name);
  });

  it("is the script and its arguments", async () => {
    process.argv = ["/usr/bin/node", "/home/jo/train.ts", "--lr", "0.1", "--api-key=abc"];
    const { tags } = await captureEnvironment();
    expect(tags["mlflow.source.name"]).toBe("/home/jo/train.ts");
    expect(tags["tidemark.argv"]).toBe('["/home/jo/train.ts","--lr","0.1","--api-key=***"]');
  });

  it("has a name without a script", async () => {
    const source = async () => (await captureEnvironment()).tags["mlflow.source.name"];
    process.argv = ["/usr/bin/node"];
    expect(await source()).toBe("<console>");
    process.argv = ["/usr/bin/node", "-"];
    expect(await source()).toBe("<stdin>");
    process.argv = ["/usr/bin/node", "argument"];
    process.execArgv = ["-e", "code"];
    expect(await source()).toBe("<eval>");
  });

  it("keeps as many arguments as a tag holds, as JSON", async () => {
    process.argv = ["node", "train.ts", "x".repeat(20_000), ...Array.from({ length: 3_000 }, (_, i) => `--option${i}`)];
    const text = (await captureEnvironment()).tags["tidemark.argv"] as string;
    const kept = JSON.parse(text) as string[];
    expect(text.length).toBeLessThanOrEqual(8_000);
    expect(text.length).toBeGreaterThan(7_900);
    expect(kept.slice(2, 4)).toEqual(["--option0", "--option1"]);
    expect(kept[1]).toMatch(/^x{499}…$/);
    expect(kept.at(-1)).toBe("…");
  });
});

describe("maskArguments", () => {
  const masked: [string[], string[]][] = [
    [
      ["--token", "abc", "--lr", "1"],
      ["--token", "***", "--lr", "1"],
    ],
    [
      ["-apiKey", "-abc"],
      ["-apiKey", "***"],
    ],
    [
      ["--use-auth-token", "--lr", "1"],
      ["--use-auth-token", "--lr", "1"],
    ],
    [["--DB_PASSWORD=a b c"], ["--DB_PASSWORD=***"]],
    [
      ["wandb.api_key=abc", "HF_TOKEN=abc"],
      ["wandb.api_key=***", "HF_TOKEN=***"],
    ],
    [["s3://id:key@bucket/x"], ["s3://***@bucket/x"]],
    [["https://host/data?sig=abc&part=1"], ["https://host/data?sig=***&part=1"]],
    [['{"clientSecret": "a\\"b", "lr": "1"}'], ['{"clientSecret":"***", "lr": "1"}']],
    [
      ["--header", "Authorization: Bearer abc"],
      ["--header", "Authorization: Bearer ***"],
    ],
    [
      ["--max-tokens=512", "--tokenizer", "bpe", "--keypoints", "17"],
      ["--max-tokens=512", "--tokenizer", "bpe", "--keypoints", "17"],
    ],
  ];
  for (const [given, expected] of masked) {
    it(`makes ${given.join(" ")} ${expected.join(" ")}`, () => expect(maskArguments(given)).toEqual(expected));
  }
});

describe("MLFLOW_RUN_CONTEXT", () => {
  it("adds tags and wins", async () => {
    commit();
    vi.stubEnv("MLFLOW_RUN_CONTEXT", '{"mlflow.user":"ci","build":42,"mlflow.source.git.commit":"abc"}');
    const { tags } = await captureEnvironment();
    expect(tags).toMatchObject({ "mlflow.user": "ci", build: "42", "mlflow.source.git.commit": "abc" });
  });

  it("is cut to what a tag holds", async () => {
    vi.stubEnv("MLFLOW_RUN_CONTEXT", JSON.stringify({ long: "x".repeat(9_000) }));
    expect((await captureEnvironment()).tags.long).toHaveLength(8_000);
  });

  it("is ignored with one warning when it is no JSON object of tags", async () => {
    const { "mlflow.user": user } = (await captureEnvironment()).tags;
    for (const text of ['{"mlflow.user":"x"', "[]", "null", '{"mlflow.user":"x","../up":"y"}']) {
      vi.stubEnv("MLFLOW_RUN_CONTEXT", text);
      expect((await captureEnvironment()).tags["mlflow.user"]).toBe(user);
    }
    expect(warnings).toEqual([expect.stringContaining("MLFLOW_RUN_CONTEXT is ignored")]);
  });
});
