import { processSlot } from "../../base/process-state.ts";
import { truncate } from "../../base/text.ts";
import { MAX_TAG_VALUE_LENGTH } from "../../schema/limits.ts";
import { type GitState, readGitState } from "./git-state.ts";
import { describeLockfile } from "./lockfile.ts";
import { processTags } from "./process-tags.ts";
import { programDirectory } from "./program.ts";
import { runContextTags } from "./run-context.ts";

/** Where a run comes from. */
export interface CapturedEnvironment {
  /** Tags of the run: user, script, arguments, runtime, lockfile, git commit. */
  readonly tags: Readonly<Record<string, string>>;
  /**
   * The uncommitted changes of tracked files, as a patch for `git apply`, up to 1 MiB. Nothing is masked in it: a secret somebody
   * wrote into a tracked file is in the patch too.
   */
  readonly diff: string | undefined;
}

/** Git and lockfile of one directory, and until when they count as current. */
interface WorkingTree {
  readonly directory: string;
  readonly state: Promise<GitState>;
  freshUntil: number;
}

// Long enough that a sweep of short runs doesn't start git for each of them; short enough that nobody edits, commits and starts
// the next run of the same process in between.
const FRESH_MS = 10_000;
// Where git is slow (a large repository, a network disk) it may cost the runs of a process at most a twentieth of their time.
const FRESH_PER_MS_TAKEN = 20;

/**
 * Finds out where a run that starts now comes from: user, script, arguments (secrets masked), runtime, git state, lockfile, and
 * the tags in `MLFLOW_RUN_CONTEXT`, which win. What cannot be found out is left out: this never rejects, and git gets five seconds
 * in all.
 *
 * Git and lockfile are read where the main script is, again when the last reading is older than ten seconds: they tell
 * what the files were as the run started, which is not always the code a long-lived process has loaded.
 */
export async function captureEnvironment(): Promise<CapturedEnvironment> {
  const { tags, diff } = await workingTree();
  return { tags: allTags(tags), diff };
}

/** What of it can be told without waiting: all but git and lockfile. */
export const captureProcess = (): CapturedEnvironment => ({ tags: allTags({}), diff: undefined });

function allTags(workingTreeTags: Readonly<Record<string, string>>): Record<string, string> {
  const all = { ...processTags(), ...workingTreeTags, ...runContextTags() };
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [key, truncate(value, MAX_TAG_VALUE_LENGTH)]));
}

function workingTree(): Promise<GitState> {
  const cache = processSlot<{ tree: WorkingTree | undefined }>("working-tree", () => ({ tree: undefined }));
  const directory = programDirectory();
  if (directory === undefined) return Promise.resolve({ tags: {}, diff: undefined });
  const startedAt = performance.now();
  const { tree } = cache;
  if (tree?.directory === directory && startedAt < tree.freshUntil) return tree.state;
  const state = readWorkingTree(directory);
  const fresh: WorkingTree = { directory, state, freshUntil: startedAt + FRESH_MS };
  cache.tree = fresh;
  state.then(() => {
    const now = performance.now();
    fresh.freshUntil = Math.max(fresh.freshUntil, now + FRESH_PER_MS_TAKEN * (now - startedAt));
  });
  return state;
}

async function readWorkingTree(directory: string): Promise<GitState> {
  const [{ tags, diff }, lockfile] = await Promise.all([
    readGitState(directory).catch((): GitState => ({ tags: {}, diff: undefined })),
    describeLockfile(directory).catch(() => undefined),
  ]);
  return { tags: { ...tags, ...(lockfile === undefined ? {} : { "tidemark.lockfile": lockfile }) }, diff };
}
