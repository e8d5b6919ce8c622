import { setTimeout as sleep } from "node:timers/promises";
import { durationText } from "../base/amounts.ts";
import { isoTime } from "../base/iso-time.ts";
import { hasEnded, type RunEntity } from "../schema/run.ts";
import type { Client } from "../tracking/client.ts";
import type { LifeSign } from "../tracking/life/life-signs.ts";
import { findRun } from "./find-run.ts";
import { interruptible } from "./interrupt.ts";
import { jsonText } from "./json.ts";
import { metricKeys, metricSection, summarizeMetrics } from "./metric-summary.ts";
import type { Output } from "./output.ts";
import { runJson, stateText, titleLine } from "./run-columns.ts";
import { type Session, withClient } from "./session.ts";
import { cutTo, safeText } from "./text.ts";
import { relativeTime } from "./times.ts";

export interface WatchOptions {
  readonly run: string;
  readonly interval: number;
}

const RUN_FAILED = 1;

/** `tidemark runs watch`: the exit code says how the run ended. */
export function watchRun(session: Session, { run: name, interval }: WatchOptions): Promise<number | undefined> {
  return interruptible((signal) =>
    withClient(session, async (client) => {
      const show = viewerFor(session, client);
      for (let run = await findRun(client, name); ; run = await client.runs.get(run.id)) {
        const [sign] = await client.runs.lifeSigns(run.status === "RUNNING" ? [run] : []);
        await show(run, sign);
        if (hasEnded(run.status)) return run.status === "FINISHED" ? 0 : RUN_FAILED;
        await sleep(interval * 1_000, undefined, { signal });
      }
    }),
  );
}

/** Shows a run, with its sign of life where it is RUNNING. */
type Viewer = (run: RunEntity, sign: LifeSign | undefined) => Promise<void>;

/** Shows a run anew: over what was there in a terminal, else as one more line where anything has changed. */
function viewerFor({ out, json }: Session, client: Client): Viewer {
  let before = "";
  const onChange = (text: string, line: string) => {
    if (text !== before) out.lines([line]);
    before = text;
  };
  if (json) {
    return async (run, sign) => {
      const text = jsonText(runJson(run, sign));
      onChange(text, text);
    };
  }
  if (!out.isTerminal) {
    return async (run, sign) => {
      const text = changeText(run, sign);
      onChange(text, `${isoTime(Date.now())}\t${text}`);
    };
  }
  const redraw = redrawer(out);
  return async (run, sign) => redraw(await screenLines(out, client, run, sign));
}

/** What a line of a log says of a run. */
function changeText(run: RunEntity, sign: LifeSign | undefined): string {
  const metrics = metricKeys(run).map((key) => `${safeText(key)}=${run.metrics[key]}`);
  return [stateText(run, sign), ...metrics].join("\t");
}

async function screenLines(out: Output, client: Client, run: RunEntity, sign: LifeSign | undefined): Promise<string[]> {
  const now = Date.now();
  const duration = durationText(Math.max(0, (run.endTime ?? now) - run.startTime));
  const silence = sign?.isStale === true ? `  last sign of life ${relativeTime(sign.lastSign, now)}` : "";
  const head = [titleLine(out, run, sign), cutTo(safeText(`${run.id}  ${duration}${silence}`), out.width)];
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
