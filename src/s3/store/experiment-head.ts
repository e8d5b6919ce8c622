import { z } from "zod";
import { experimentIdFor } from "../../base/experiment-ids.ts";
import { experimentNameTaken } from "../../base/store-errors.ts";
import { type Experiment, lifecycleStageSchema } from "../../schema/experiment.ts";
import type { EntityIndex } from "./entity-index.ts";
import { type Content, type HeadKind, headFields } from "./heads.ts";
import { experimentDirectory, experimentKey, experimentNameKey } from "./layout.ts";
import type { NameRules } from "./names.ts";
import { textRecord } from "./text-record.ts";

export const experimentHeadSchema = z.object({
  ...headFields,
  id: z.string(),
  name: z.string(),
  /** Absent: in the store. */
  artifactLocation: z.string().optional(),
  lifecycleStage: lifecycleStageSchema,
  /** How often it was restored: runs that were deleted before that are not any more. */
  restores: z.int().nonnegative(),
  /** Milliseconds since 1970. */
  creationTime: z.int().nonnegative(),
  /** Milliseconds since 1970. */
  lastUpdateTime: z.int().nonnegative(),
  tags: textRecord,
  /** It was deleted for good, or never made: somebody has claimed its name, and lost it again. */
  isGone: z.literal(true).optional(),
});
export type ExperimentHead = z.infer<typeof experimentHeadSchema>;

export const newExperiment = (
  id: string,
  input: Pick<ExperimentHead, "name"> & Partial<Pick<ExperimentHead, "artifactLocation" | "tags">>,
): Content<ExperimentHead> => {
  const now = Date.now();
  const { name, artifactLocation, tags = {} } = input;
  return {
    id,
    name,
    ...(artifactLocation === undefined ? {} : { artifactLocation }),
    lifecycleStage: "active",
    restores: 0,
    creationTime: now,
    lastUpdateTime: now,
    tags,
  };
};

export const experimentKind = (index: EntityIndex<ExperimentHead>): HeadKind<ExperimentHead> => ({
  schema: experimentHeadSchema,
  keyOf: experimentKey,
  announce: (id, _, rev) => index.announce(id, rev),
  onWritten: () => index.noteWrite(),
});

export const experimentNames = (kind: HeadKind<ExperimentHead>): NameRules<ExperimentHead> => ({
  keyOf: experimentNameKey,
  kind,
  newId: experimentIdFor,
  isGone: ({ isGone }) => isGone === true,
  tombstone: (id) => ({ ...newExperiment(id, { name: "" }), isGone: true }),
  taken: experimentNameTaken,
});

/** @param uri - Of the store. */
export function experimentEntity(head: Content<ExperimentHead>, uri: string): Experiment {
  const { id, name, artifactLocation, lifecycleStage, creationTime, lastUpdateTime, tags } = head;
  return {
    id,
    name,
    artifactLocation: artifactLocation ?? `${uri}/${experimentDirectory(id)}`,
    lifecycleStage,
    creationTime,
    lastUpdateTime,
    tags: { ...tags },
  };
}
