import { log } from "../../base/diagnostics.ts";
import { messageOf, systemCodeOf } from "../../base/errors.ts";
import type { Git } from "./git-command.ts";

const MAX_DIFF_BYTES = 1024 * 1024;
const TOO_LARGE = "# The uncommitted changes are larger than 1 MiB and were not kept.\n";

// External diff programs, textconv and the status of submodules (a git of its own for each) would start programs.
const DIFF = ["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short", "--ignore-submodules=dirty"];
// People's own display settings would make the text something `git apply` refuses.
const APPLICABLE = ["--src-prefix=a/", "--dst-prefix=b/"];

/**
 * The changes of tracked files against HEAD, staged ones included, with the names of untracked files as comments at the end.
 * Empty when there are none; undefined when git could not tell.
 */
export async function readGitDiff(git: Git): Promise<string | undefined> {
  try {
    const config = ["diff.relative=false", ...(await withoutFilters(git))];
    try {
      const diff = await git([...DIFF, ...APPLICABLE, "HEAD"], { config, maxBytes: MAX_DIFF_BYTES });
      return diff === "" ? "" : diff + (await untrackedFiles(git));
    } catch (error) {
      if (systemCodeOf(error) !== "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") throw error;
      return TOO_LARGE + (await git([...DIFF, "--stat", "HEAD"], { config }).catch(() => ""));
    }
  } catch (error) {
    log("debug", `the uncommitted changes could not be read: ${messageOf(error)}`);
    return undefined;
  }
}

/**
 * Settings that switch off the filters a repository's own configuration defines: git runs a "clean" program on a changed file to
 * compare it. Filters from the user's configuration (Git LFS) are the user's choice and stay.
 */
async function withoutFilters(git: Git): Promise<string[]> {
  const listed = await git(["config", "-z", "--show-scope", "--name-only", "--get-regexp", "^filter\\."]).catch(
    (error: unknown) => {
      if (isNoMatch(error)) return "";
      throw error;
    },
  );
  const fields = listed.split("\0");
  const names = new Set<string>();
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const key = fields[index + 1] as string;
    if (fields[index] === "local" || fields[index] === "worktree") {
      names.add(key.slice("filter.".length, key.lastIndexOf(".")));
    }
  }
  return [...names].flatMap(withoutFilter);
}

function withoutFilter(name: string): string[] {
  // `-c` ends the key at the first "=", so such a filter could not be switched off.
  if (name.includes("=")) throw new Error("a filter of the repository has a name that cannot be overridden");
  return ["clean=", "process=", "smudge=", "required=false"].map((setting) => `filter.${name}.${setting}`);
}

/** `git config` ends with 1 when there is no such key. */
const isNoMatch = (error: unknown) => error instanceof Error && "code" in error && error.code === 1;

async function untrackedFiles(git: Git): Promise<string> {
  const command = ["ls-files", "--others", "--exclude-standard", "--directory", "--full-name", ":/"];
  const names = await git(command).catch(() => "");
  return names.replace(/^(?=.)/gm, "# untracked: ");
}
