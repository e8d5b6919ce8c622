import { z } from "zod";
import { activeRun } from "../tracking/active-run.ts";
import type { Client } from "../tracking/client.ts";
import { openRunNow } from "../tracking/open-run-now.ts";
import type { Run } from "../tracking/run.ts";
import { tagsOptionSchema } from "../tracking/run-options.ts";
import { startRunNow } from "./start-run-now.ts";

/** Where an autolog records, as far as its user says. */
export interface AutologTarget {
  /** This run and no other. Default: the active run, else one of its own. */
  readonly run?: Run | undefined;
  /** Where a run of its own goes. Default: the configured tracking URI. */
  readonly client?: Client | undefined;
  /** Tags of a run of its own. */
  readonly tags?: Readonly<Record<string, string>>;
  /** The run that a run of its own is a part of. */
  readonly parent?: Run | undefined;
  /** Leaves the active run alone. Default false. */
  readonly exclusive?: boolean;
}

/** What every autolog lets its user say of that. */
export const autologTargetShape = {
  /** Where runs go. Default: the configured tracking URI. */
  client: z.custom<Client>((value) => has(value, "backend"), { error: "is not what connect() answers" }).optional(),
  /** Records everything in this run. Default: in the active run, else in a run of its own. */
  run: z.custom<Run>((value) => has(value, "id", "logMetric"), { error: "is not a run" }).optional(),
  /** Tags of runs that autolog opens. */
  extraTags: tagsOptionSchema.default({}),
  /** Never record in a run that somebody else has opened. Default false. */
  exclusive: z.boolean().default(false),
};

const has = (value: unknown, ...names: readonly string[]) =>
  typeof value === "object" && value !== null && names.every((name) => name in value);

/** The run a training is recorded in. */
export interface AutologRun {
  readonly run: Run;
  /** Opened for this training: whoever opened it ends it. */
  readonly isOwn: boolean;
}

/**
 * Finds or opens the run for a training that begins now, without waiting; `undefined` where the backend has to be waited for and nobody has
 * done so yet.
 *
 * @throws {TidemarkError} what {@link startRunNow} throws
 */
export function autologRun({
  run,
  parent,
  client,
  tags = {},
  exclusive = false,
}: AutologTarget): AutologRun | undefined {
  // A child is kept where its parent is, whatever is configured.
  if (parent !== undefined) {
    const { backend, experiment } = parent.home;
    return { run: openRunNow(backend, { tags: { ...tags }, parent }, { experiment }), isOwn: true };
  }
  const given = run ?? (exclusive ? undefined : activeRun());
  if (given !== undefined) return { run: given, isOwn: false };
  const own = startRunNow({ client, tags: { ...tags } });
  return own === undefined ? undefined : { run: own, isOwn: true };
}
