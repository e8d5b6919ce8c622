import { redact } from "../../base/diagnostics.ts";
import { isAllowed } from "./deno-permissions.ts";
import { gitIn } from "./git-command.ts";
import { readGitDiff } from "./git-diff.ts";

/** What git knows about a directory. */
export interface GitState {
  readonly tags: Readonly<Record<string, string>>;
  /** Undefined when there are no changes, or they could not be read. */
  readonly diff: string | undefined;
}

const TIMEOUT_MS = 5_000;
const NOTHING: GitState = { tags: {}, diff: undefined };

/** Asks git about a directory. No git, no repository and no commit are all fine: then there is less to tell. */
export async function readGitState(directory: string): Promise<GitState> {
  if (!isAllowed({ name: "run", command: "git" })) return NOTHING;
  const git = gitIn(directory, TIMEOUT_MS);
  const commit = await git(["rev-parse", "--verify", "--quiet", "HEAD"]).then(line, () => undefined);
  const [branch, remotes, diff] = await Promise.all([
    git(["symbolic-ref", "--short", "--quiet", "HEAD"]).then(line, () => undefined),
    // Not `git remote get-url`: it applies the user's `insteadOf` rules, which may add credentials.
    git(["config", "-z", "--get-regexp", "^remote\\..*\\.url$"]).catch(() => ""),
    commit === undefined ? undefined : readGitDiff(git),
  ]);
  const url = commit === undefined && branch === undefined ? undefined : remoteUrl(remotes);
  return {
    tags: {
      ...(commit === undefined ? {} : { "mlflow.source.git.commit": commit }),
      ...(branch === undefined ? {} : { "mlflow.source.git.branch": branch }),
      ...(url === undefined ? {} : { "mlflow.source.git.repoURL": redact(url) }),
      ...(diff === undefined ? {} : { "tidemark.git.dirty": String(diff !== "") }),
    },
    diff: diff === "" ? undefined : diff,
  };
}

const line = (text: string): string | undefined => text.trim() || undefined;

/** The URL of `origin`, or of the first remote as in MLflow. Entries are `key\nvalue`, ended by NUL. */
function remoteUrl(listed: string): string | undefined {
  const entries = listed.split("\0").filter((entry) => entry !== "");
  const chosen = entries.find((entry) => entry.startsWith("remote.origin.url\n")) ?? entries[0];
  return chosen?.slice(chosen.indexOf("\n") + 1);
}
