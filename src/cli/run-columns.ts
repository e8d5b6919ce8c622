import { durationText } from "../base/amounts.ts";
import { isoTime } from "../base/iso-time.ts";
import { shortNumber } from "../base/short-number.ts";
import { hasEnded, type RunEntity, type RunStatus } from "../schema/run.ts";
import type { LifeSign } from "../tracking/life/life-signs.ts";
import type { AttributeColumn, RunColumn } from "./column-names.ts";
import type { Output, Style } from "./output.ts";
import type { Cell, Column } from "./table.ts";
import { cutTo, safeText } from "./text.ts";
import { relativeTime } from "./times.ts";

/** Characters of an id that tell the runs of one store apart, nearly always. */
export const SHORT_ID_LENGTH = 8;
/** Longer names and values would push the numbers out of a terminal. */
const WIDEST_CELL = 28;

/** For whom the cells of a list are made. */
export interface RunView {
  readonly isTerminal: boolean;
  readonly nowMs: number;
  readonly experimentNames: ReadonlyMap<string, string>;
  /** Of the runs that are RUNNING, by their ids. */
  readonly lifeSigns: ReadonlyMap<string, LifeSign>;
}

const STATUS_STYLES: Readonly<Record<RunStatus, Style>> = {
  RUNNING: "cyan",
  SCHEDULED: "cyan",
  FINISHED: "green",
  FAILED: "red",
  KILLED: "red",
};

/** In small letters: it is none of MLflow's states, and the run itself says RUNNING. */
const STALE = "stale";
const STALE_STYLE: Style = "yellow";

/** A run's status, or that it is stale. */
export const stateText = ({ status }: RunEntity, sign: LifeSign | undefined): string =>
  sign?.isStale === true ? STALE : status;

function statusCell({ id, status }: RunEntity, { isTerminal, nowMs, lifeSigns }: RunView): Cell {
  const sign = lifeSigns.get(id);
  if (sign?.isStale !== true) return { text: safeText(status), style: STATUS_STYLES[status] };
  return { text: isTerminal ? `${STALE}, ${relativeTime(sign.lastSign, nowMs)}` : STALE, style: STALE_STYLE };
}

/** A run's name and status, as the first line about it. */
export function titleLine(out: Output, run: RunEntity, sign: LifeSign | undefined): string {
  const { name, status, lifecycleStage } = run;
  const stage = lifecycleStage === "deleted" ? " (deleted)" : "";
  const state = stateText(run, sign);
  const shown = cutTo(safeText(name), out.width - state.length - stage.length - 2);
  return `${out.style("bold", shown)}  ${out.style(state === STALE ? STALE_STYLE : STATUS_STYLES[status], state)}${stage}`;
}

/** The head of a column: with its kind where programs read it. */
export function columnOf({ kind, key }: RunColumn, { isTerminal }: RunView): Column {
  const header = safeText(isTerminal || kind === "attribute" ? key : `${kind}.${key}`);
  return { header, isWhole: key === "id", align: kind === "metrics" || key === "duration" ? "right" : "left" };
}

/** One cell of a list of runs. */
export function cellOf(run: RunEntity, { kind, key }: RunColumn, view: RunView): Cell {
  if (kind === "attribute") return attributeCell(run, key, view);
  const value = Object.hasOwn(run[kind], key) ? run[kind][key] : undefined;
  if (value === undefined) return { text: "" };
  if (typeof value === "number") return { text: view.isTerminal ? shortNumber(value) : String(value) };
  return cut(value, view);
}

function attributeCell(run: RunEntity, key: AttributeColumn, view: RunView): Cell {
  const { isTerminal } = view;
  switch (key) {
    case "id":
      return { text: safeText(isTerminal ? run.id.slice(0, SHORT_ID_LENGTH) : run.id), style: "yellow" };
    case "name":
      return cut(run.name, view);
    case "experiment":
      return cut(view.experimentNames.get(run.experimentId) ?? run.experimentId, view);
    case "status":
      return statusCell(run, view);
    case "started":
      return timeCell(run.startTime, view);
    case "ended":
      return timeCell(run.endTime, view);
    case "lastSign":
      return timeCell(view.lifeSigns.get(run.id)?.lastSign, view);
    case "duration":
      return durationCell(run, view);
    case "user":
      return cut(run.userId, view);
  }
}

function timeCell(timeMs: number | undefined, { isTerminal, nowMs }: RunView): Cell {
  if (timeMs === undefined) return { text: "" };
  return { text: isTerminal ? relativeTime(timeMs, nowMs) : isoTime(timeMs) };
}

/** What a list says of a run for programs: all of it, and where it is stale, since when. */
export function runJson(run: RunEntity, sign: LifeSign | undefined) {
  if (sign?.isStale !== true) return run;
  return { ...run, stale: { lastSign: sign.lastSign, process: sign.process } };
}

/** Of an open run, the time until now; for programs in seconds, which is only known at the end. */
function durationCell(run: RunEntity, { isTerminal, nowMs }: RunView): Cell {
  const { startTime, endTime } = run;
  if (!isTerminal) return { text: endTime === undefined ? "" : String((endTime - startTime) / 1000) };
  if (endTime === undefined && hasEnded(run.status)) return { text: "" };
  return { text: durationText(Math.max(0, (endTime ?? nowMs) - startTime)) };
}

function cut(text: string, { isTerminal }: RunView): Cell {
  return { text: isTerminal ? cutTo(safeText(text), WIDEST_CELL) : safeText(text) };
}
