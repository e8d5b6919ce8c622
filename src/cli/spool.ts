import { resolve } from "node:path";
import { bytesText } from "../base/amounts.ts";
import { redact } from "../base/diagnostics.ts";
import { isoTime } from "../base/iso-time.ts";
import { findBackend } from "../connect/connect.ts";
import { listSpool, type SpoolListing } from "../queue/spool/spool.ts";
import { defaultSpoolDirectory } from "../queue/spool/spool-location.ts";
import { type ReplayedRun, replaySpool } from "../tracking/remote/replay.ts";
import { withProgress } from "./progress.ts";
import { remark, type Session } from "./session.ts";
import { type Cell, type Column, printTable } from "./table.ts";
import { safeText } from "./text.ts";
import { relativeTime } from "./times.ts";

const SOMETHING_LEFT = 1;

const COLUMNS: readonly Column[] = [
  { header: "run", isWhole: true },
  { header: "name" },
  { header: "backend" },
  { header: "state" },
  { header: "started" },
  { header: "entries", align: "right" },
  { header: "files", align: "right" },
  { header: "size", align: "right" },
];

interface SpoolPlace {
  readonly dir?: string;
}

/** `tidemark spool list` */
export async function listSpooled(session: Session, { dir }: SpoolPlace): Promise<undefined> {
  const { out, json } = session;
  const root = dir === undefined ? defaultSpoolDirectory() : resolve(dir);
  const runs = listSpool(root);
  if (json) out.json(runs.map(asJson));
  else if (runs.length === 0) remark(session, `nothing waits in ${safeText(root)}`);
  else {
    const now = Date.now();
    printTable(
      out,
      COLUMNS,
      runs.map((run) => rowOf(run, out.isTerminal, now)),
    );
  }
  return undefined;
}

/** `tidemark spool replay` */
export async function replaySpooled(session: Session, { dir }: SpoolPlace): Promise<number> {
  const { out, json } = session;
  const root = dir === undefined ? defaultSpoolDirectory() : resolve(dir);
  const waiting = listSpool(root).filter(({ isOwned }) => !isOwned);
  // Not connect: what it would bring there by itself could not be watched.
  const backend = await findBackend(session.uri);
  const entries = waiting.reduce((sum, run) => sum + run.entries, 0);
  const replayed = await withProgress(session, "replaying", entries, (advance) =>
    replaySpool(backend, { spool: { dir: root }, onProgress: advance }),
  );
  await backend.close();
  if (json)
    out.json(
      replayed.map(({ left, ...run }) => ({ ...run, ...(left === undefined ? {} : { left: redact(left.message) }) })),
    );
  else if (replayed.length === 0) remark(session, `nothing waits in ${safeText(root)} for this backend`);
  else out.lines(replayed.map(replayedLine));
  return replayed.some(({ left, rejected }) => left !== undefined || rejected > 0) ? SOMETHING_LEFT : 0;
}

/** Open: its program goes on. Waiting: with an end to write, or without one because the program was killed. */
const stateOf = ({ isOwned, end }: SpoolListing): string =>
  isOwned ? "in use" : end === undefined ? "left" : `left, ${end.status ?? "ended"}`;

function rowOf(run: SpoolListing, isTerminal: boolean, now: number): Cell[] {
  const { header, entries, files, bytes } = run;
  return [
    { text: safeText(header.runId ?? header.localRunId), style: "yellow" },
    { text: safeText(header.name) },
    { text: safeText(redact(header.backend)) },
    { text: stateOf(run) },
    { text: isTerminal ? relativeTime(header.createdAt, now) : isoTime(header.createdAt) },
    { text: String(entries) },
    { text: String(files) },
    { text: isTerminal ? bytesText(bytes) : String(bytes) },
  ];
}

const asJson = ({ header, isOwned, end, ...sizes }: SpoolListing) => ({
  localRunId: header.localRunId,
  runId: header.runId,
  name: header.name,
  backend: redact(header.backend),
  createdAt: header.createdAt,
  isOwned,
  end,
  ...sizes,
});

function replayedLine({ name, localRunId, runId, delivered, rejected, left }: ReplayedRun): string {
  const run = safeText(`${name} ${runId ?? localRunId}`);
  const refused = rejected === 0 ? "" : `, ${rejected} refused for good`;
  return left === undefined
    ? `${run}: ${delivered} entries delivered${refused}`
    : `${run}: ${delivered} entries delivered${refused}; the rest stays: ${safeText(redact(left.message))}`;
}
