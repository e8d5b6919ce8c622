import { setTimeout as sleep } from "node:timers/promises";
import { durationText } from "../base/amounts.ts";
import type { RunEntity } from "../schema/run.ts";
import type { Client } from "../tracking/client.ts";
import { findRun } from "./find-run.ts";
import { jsonText } from "./json.ts";
import { metricKeys, metricSection, summarizeMetrics } from "./metric-summary.ts";
import type { Output } from "./output.ts";
import { hasEnded, titleLine } from "./run-columns.ts";
import { type Session, withClient } from "./session.ts";
import { cutTo, safeText } from "./text.ts";
import { isoTime } from "./times.ts";

export interface WatchOptions {
  readonly run: string;
  readonly interval: number;
}

const RUN_FAILED = 1;
/** What shells make of a program that Ctrl+C ended. */
const INTERRUPTED = 130;

/** `tidemark runs watch`: the exit code says how the run ended. */
export async function watchRun(session: Session, { run: name, interval }: WatchOptions): Promise<number> {
  const stop = new AbortController();
  const onInterrupt = () => stop.abort();
  process.once("SIGINT", onInterrupt);
  try {
    return await withClient(session, async (client) => {
      const show = viewerFor(session, client);
      for (let run = await findRun(client, name); ; run = await client.runs.get(run.id)) {
        await show(run);
        if (hasEnded(run)) return run.status === "FINISHED" ? 0 : RUN_FAILED;
        // An interrupted sleep rejects, and is no error.
        await sleep(interval * 1_000, undefined, { signal: stop.signal }).catch(() => {});
        if (stop.signal.aborted) return INTERRUPTED;
      }
    });
  } finally {
    process.removeListener("SIGINT", onInterrupt);
  }
}

/** Shows a run anew: over what was there in a terminal, else as one more line where anything has changed. */
function viewerFor({ out, json }: Session, client: Client): (run: RunEntity) => Promise<void> {
  let before = "";
  const onChange = (text: string, line: string) => {
    if (text !== before) out.lines([line]);
    before = text;
  };
  if (json) return async (run) => onChange(jsonText(run), jsonText(run));
  if (!out.isTerminal) return async (run) => onChange(changeText(run), `${isoTime(Date.now())}\t${changeText(run)}`);
  const redraw = redrawer(out);
  return async (run) => redraw(await screenLines(out, client, run));
}

/** What a line of a log says of a run. */
function changeText(run: RunEntity): string {
  const metrics = metricKeys(run).map((key) => `${safeText(key)}=${run.metrics[key]}`);
  return [run.status, ...metrics].join("\t");
}

async function screenLines(out: Output, client: Client, run: RunEntity): Promise<string[]> {
  const ms = Math.max(0, (run.endTime ?? Date.now()) - run.startTime);
  const head = [titleLine(out, run), cutTo(safeText(`${run.id}  ${durationText(ms)}`), out.width)];
  // Title, blank, heading, column heads, and the line where the cursor stays.
  const room = Math.max(1, out.height - head.length - 4);
  const keys = metricKeys(run);
  const lines = [...head, ...metricSection(out, await summarizeMetrics(client, run.id, keys.slice(0, room)))];
  return keys.length > room ? lines.slice(0, -1).concat(`  … ${keys.length - room + 1} more`) : lines;
}

/** Writes lines over those written before: up, and clear to the end of the screen. */
function redrawer(out: Output): (lines: readonly string[]) => void {
  let height = 0;
  return (lines) => {
    out.write(`${height > 0 ? `\u001b[${height}A` : ""}\u001b[J${lines.join("\n")}\n`);
    height = lines.length;
  };
}
