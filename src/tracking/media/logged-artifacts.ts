import { z } from "zod";
import { messageOf, TidemarkError } from "../../base/errors.ts";
import { checkArgument } from "../../schema/check.ts";
import { tagSchema } from "../../schema/param.ts";
import { writeOnce } from "../write-once.ts";
import { inTurn } from "./in-turn.ts";
import type { MediaTarget } from "./media-target.ts";

const LOGGED_ARTIFACTS_TAG = "mlflow.loggedArtifacts";

const entriesSchema = z.array(z.unknown());
const tableEntrySchema = z.object({ path: z.string(), type: z.literal("table") });

/**
 * Adds a table to the list in the run's tag by which MLflow finds tables. The list is read from the backend each time: other
 * programs add to it too.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` when the tag holds something else, `INVALID_PARAMETER_VALUE` when it is full
 */
export async function announceTable({ runId, tracking }: MediaTarget, path: string): Promise<void> {
  await inTurn(`tables:${runId}`, async () => {
    const { tags } = await tracking.getRun(runId);
    const entries = parseEntries(tags[LOGGED_ARTIFACTS_TAG] ?? "[]");
    if (entries.some((entry) => tableEntrySchema.safeParse(entry).data?.path === path)) return;
    const value = JSON.stringify([...entries, { path, type: "table" }]);
    const tag = checkArgument("path", tagSchema, { key: LOGGED_ARTIFACTS_TAG, value });
    await writeOnce(tracking, runId, { tags: [tag] });
  });
}

function parseEntries(text: string): readonly unknown[] {
  try {
    return entriesSchema.parse(JSON.parse(text));
  } catch (error) {
    const message = `the tag ${LOGGED_ARTIFACTS_TAG} is no JSON list: ${messageOf(error)}`;
    throw new TidemarkError("DATA_DAMAGED", message, { cause: error });
  }
}
