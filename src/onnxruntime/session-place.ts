import { warnOnce } from "../base/diagnostics.ts";
import { messageOf } from "../base/errors.ts";
import { keyProblem } from "../base/key-rules.ts";
import { processSlot } from "../base/process-state.ts";
import { truncate } from "../base/text.ts";
import { type AutologRun, autologRun } from "../fluent/autolog-run.ts";
import { MAX_PARAM_VALUE_LENGTH } from "../schema/limits.ts";
import { flattenParam } from "../tracking/flatten-params.ts";
import type { MetricHandle } from "../tracking/metric-logger.ts";
import type { Run } from "../tracking/run.ts";
import { NAMES, type ParamName } from "./names.ts";
import type { CheckedOptions } from "./options.ts";

/** What a session leaves in a run for the next one of the same model. */
interface Share {
  readonly prefix: string;
  /** Tells models apart. */
  readonly model: string;
  isTaken: boolean;
  steps: number;
}

const sharesOf = (run: Run): Share[] => {
  const runs = processSlot("onnxruntime-shares", () => new WeakMap<Run, Share[]>());
  const shares = runs.get(run) ?? [];
  runs.set(run, shares);
  return shares;
};

/** A session's place in a run: the first session has the names as they are, every other has the name of its model before them. */
export class SessionPlace {
  readonly run: Run;
  /** Opened for this session, which ends it. */
  readonly isOwn: boolean;
  /** No session has left its params here before. */
  readonly isFirst: boolean;
  readonly #share: Share;
  readonly #handles = new Map<string, MetricHandle>();
  #leave: (() => void) | undefined;

  private constructor(run: Run, isOwn: boolean, share: Share, beforeEnd: () => void) {
    this.run = run;
    this.isOwn = isOwn;
    this.isFirst = share.steps === 0;
    this.#share = share;
    this.#leave = run.beforeEnd(beforeEnd);
  }

  /**
   * Finds or opens the run of a session that is about to run; `undefined` where there is none to be had now.
   *
   * @param name - Of the model, for names in a run that is shared.
   * @param model - Equal for sessions of equal models: one after the other in one run, they go on with the same names.
   * @throws {TidemarkError} what `startRunNow` throws
   */
  static open(
    options: CheckedOptions,
    { name, model, beforeEnd }: { name: string; model: string; beforeEnd: () => void },
  ): SessionPlace | undefined {
    const found = findRun(options);
    if (found === undefined) return undefined;
    const place = new SessionPlace(found.run, found.isOwn, takeShare(sharesOf(found.run), name, model), beforeEnd);
    place.tag(NAMES.autologging.name, "onnxruntime");
    return place;
  }

  get isOpen(): boolean {
    return this.run.status === "RUNNING";
  }

  /** Steps that sessions before made in this place. */
  get steps(): number {
    return this.#share.steps;
  }

  /** Gives the place free, after so many steps. */
  leave(steps: number): void {
    this.#leave?.();
    this.#leave = undefined;
    this.#share.isTaken = false;
    this.#share.steps = steps;
  }

  metric(name: string): MetricHandle {
    let handle = this.#handles.get(name);
    if (handle === undefined) {
      handle = this.run.metric(this.#share.prefix + keyOf(name));
      this.#handles.set(name, handle);
    }
    return handle;
  }

  /** Logs a param, or several with dotted keys; too long a text is cut, what is empty left out. */
  param(name: ParamName, value: string | number | undefined | Readonly<Record<string, unknown>>): void {
    if (value === undefined || value === "" || (typeof value === "object" && Object.keys(value).length === 0)) return;
    const kept = typeof value === "string" ? truncate(value, MAX_PARAM_VALUE_LENGTH) : value;
    // What the run has another value for stays: nobody asked for this one.
    for (const param of flattenParam(this.#share.prefix + name, kept)) this.run.offerParam(param.key, param.value);
  }

  /** Sets a tag. Tags of the run as a whole have no prefix. */
  tag(name: string, value: string): void {
    const prefix = name.startsWith("mlflow.") ? "" : this.#share.prefix;
    this.run.setTag(prefix + name, value);
  }

  /** Writes a file in the background. The end of the run waits for it. */
  json(name: string, value: object): void {
    const path = this.#share.prefix + name;
    this.run.logJson(value, path).catch((error: unknown) => {
      warnOnce(
        `onnxruntime:${this.run.id}:${path}`,
        `${path} of run ${this.run.id} could not be written: ${messageOf(error)}`,
      );
    });
  }
}

function findRun({ client, run, extraTags: tags, exclusive }: CheckedOptions): AutologRun | undefined {
  if (run !== undefined) return run.status === "RUNNING" ? { run, isOwn: false } : undefined;
  return autologRun({ client, tags, exclusive });
}

function takeShare(shares: Share[], name: string, model: string): Share {
  let share = shares.find((other) => !other.isTaken && other.model === model);
  if (share === undefined) {
    share = { prefix: freePrefix(shares, keyOf(name)), model, isTaken: true, steps: 0 };
    shares.push(share);
  }
  share.isTaken = true;
  return share;
}

function freePrefix(shares: readonly Share[], name: string): string {
  if (shares.length === 0) return "";
  const isFree = (prefix: string) => shares.every((share) => share.prefix !== prefix);
  for (let number = 1; ; number++) {
    const prefix = number === 1 ? `${name}/` : `${name}_${number}/`;
    if (isFree(prefix)) return prefix;
  }
}

const LONGEST_NAME = 100;

/** A name that comes out of a model, as a part of a key: what keys may not hold becomes `_`. */
export function keyOf(name: string): string {
  const key = name
    .slice(0, LONGEST_NAME)
    .replace(/[^/\p{L}\p{N}_.\- :]/gu, "_")
    .split("/")
    .filter((segment) => !/^\.*$/.test(segment))
    .join("/");
  return keyProblem(key) === undefined ? key : key.replace(/[^\p{L}\p{N}]/gu, "_") || "_";
}
