import { bytesText } from "../base/amounts.ts";
import { isoTime } from "../base/iso-time.ts";
import type { SyncCounts, SyncReport } from "../sync/report.ts";
import { sync } from "../sync/sync.ts";
import type { SyncHolder, SyncProgress } from "../sync/sync-options.ts";
import { interruptible } from "./interrupt.ts";
import { withGrowingProgress } from "./progress.ts";
import { remark, type Session } from "./session.ts";
import { safeText } from "./text.ts";

const SOMETHING_WRONG = 1;
/** Of each list, for people; `--json` has all. */
const MOST_LISTED = 50;

interface SyncCommand {
  readonly from: string;
  readonly to: string;
  readonly filter?: string;
  readonly experiment?: string[];
  readonly artifactDirectory?: string[];
  readonly artifacts: boolean;
  readonly models: boolean;
  readonly overwrite?: true;
  readonly dryRun?: true;
  readonly follow?: true;
  readonly concurrency?: number;
}

/** `tidemark sync` */
export async function syncStores(session: Session, command: SyncCommand): Promise<number | undefined> {
  const work = async (signal: AbortSignal) => {
    if (command.follow) remark(session, "following until Ctrl+C");
    const report = await withGrowingProgress(session, "runs", (show) =>
      sync({
        ...optionsOf(command),
        signal,
        onProgress: ({ runs, totalRuns, waitsFor }: SyncProgress) => {
          if (waitsFor === undefined) show(runs, totalRuns);
          else console.error(safeText(waitingText(waitsFor)));
        },
      }),
    );
    if (session.json) session.out.json(report);
    else session.out.lines(linesOf(report));
    return report.conflicts.some(({ isOverwritten }) => !isOverwritten) || report.failures.length > 0
      ? SOMETHING_WRONG
      : 0;
  };
  return await interruptible(work, { signals: ["SIGINT", "SIGTERM"] });
}

function optionsOf({ experiment, artifactDirectory, ...rest }: SyncCommand) {
  const { from, to, filter, artifacts, models, overwrite, dryRun, follow, concurrency } = rest;
  const given = { experiments: experiment, filter, overwrite, dryRun, follow, concurrency };
  const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { from, to, artifacts, models, artifactDirectories: artifactDirectory ?? [], ...chosen };
}

/** Said wherever stderr goes: a job that stands still for an hour should say why. */
function waitingText({ host, pid, since }: SyncHolder): string {
  const who = host === undefined ? "another sync" : `the sync of process ${pid} on ${host}`;
  return `waiting for ${who}, which is at work since ${isoTime(since)}; Ctrl+C ends this`;
}

/** What is counted, in the words of the report. */
const WORDS: readonly (readonly [name: keyof SyncCounts, one: string, many: string])[] = [
  ["experiments", "experiment", "experiments"],
  ["runs", "run", "runs"],
  ["values", "value", "values"],
  ["params", "param", "params"],
  ["tags", "tag", "tags"],
  ["datasets", "dataset", "datasets"],
  ["loggedModels", "logged model", "logged models"],
  ["modelLinks", "link to a logged model", "links to logged models"],
  ["measurements", "value of a logged model", "values of logged models"],
  ["registeredModels", "registered model", "registered models"],
  ["versions", "version", "versions"],
  ["aliases", "alias", "aliases"],
  ["changes", "other change", "other changes"],
];

function linesOf(report: SyncReport): string[] {
  const { copied, equal, conflicts, losses, failures, dryRun } = report;
  const verb = dryRun ? "would copy" : "copied";
  const copiedText = countsText(copied);
  return [
    copiedText === "" ? (dryRun ? "nothing to copy" : "copied nothing") : `${verb} ${copiedText}`,
    ...(countsText(equal) === "" ? [] : [`equal already: ${countsText(equal)}`]),
    ...listed("conflict", conflicts, ({ where, what, source, target, isOverwritten }) => {
      const outcome = isOverwritten ? (dryRun ? ", would be overwritten" : ", overwritten") : "";
      return `${where}: ${what} is ${shown(source)} in the source and ${shown(target)} in the target${outcome}`;
    }),
    ...listed("loss", losses, ({ where, what, reason }) => `${where}: ${what}: ${reason}`),
    ...listed("failure", failures, ({ where, what, code, message }) => `${where}: ${what}: ${code}: ${message}`),
  ];
}

const shown = (text: string): string => (text === "" ? "absent" : JSON.stringify(text));

function countsText(counts: SyncCounts): string {
  const parts = WORDS.flatMap(([name, one, many]) => {
    const count = counts[name];
    return count === 0 ? [] : `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
  });
  if (counts.files > 0) parts.push(`${counts.files.toLocaleString("en")} files (${bytesText(counts.bytes)})`);
  return parts.join(", ");
}

function listed<T>(kind: string, entries: readonly T[], lineOf: (entry: T) => string): string[] {
  const lines = entries.slice(0, MOST_LISTED).map((entry) => safeText(`${kind}: ${lineOf(entry)}`));
  const more = entries.length - lines.length;
  return more > 0 ? [...lines, `${kind}: and ${more} more, with --json`] : lines;
}
