import { z } from "zod";
import { messageOf, TidemarkError } from "../../base/errors.ts";
import { checkArgument } from "../../schema/check.ts";
import { LOGGED_ARTIFACTS_TAG } from "../../schema/known-tags.ts";
import { tagSchema } from "../../schema/param.ts";
import { inTurn } from "./in-turn.ts";
import type { MediaTarget } from "./media-target.ts";

const entriesSchema = z.array(z.unknown());
const tableEntrySchema = z.object({ path: z.string(), type: z.literal("table") });

/**
 * Adds a table to the list in the run's tag by which MLflow finds tables. The list is read from the backend each time: other
 * programs add to it too. Where the backend cannot be asked, the list has what this run has announced.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` when the tag holds something else, `INVALID_PARAMETER_VALUE` when it is full
 */
export async function announceTable(target: MediaTarget, path: string): Promise<void> {
  const { runId, announced } = target;
  await inTurn(`tables:${runId}`, async () => {
    const entries = parseEntries((await target.readTag(LOGGED_ARTIFACTS_TAG)) ?? "[]");
    const listed = new Set(entries.map((entry) => tableEntrySchema.safeParse(entry).data?.path));
    const missing = [...announced, path].filter((each) => !listed.has(each));
    if (missing.length === 0) return;
    const tables = [...new Set(missing)].map((each) => ({ path: each, type: "table" }));
    const value = JSON.stringify([...entries, ...tables]);
    await target.writeTag(checkArgument("path", tagSchema, { key: LOGGED_ARTIFACTS_TAG, value }));
    announced.add(path);
  });
}

/** The paths of the tables that such a tag lists; none where it holds something else. */
export function announcedTables(text: string | undefined): string[] {
  let entries: readonly unknown[];
  try {
    entries = text === undefined ? [] : parseEntries(text);
  } catch {
    return [];
  }
  return entries.flatMap((entry) => tableEntrySchema.safeParse(entry).data?.path ?? []);
}

function parseEntries(text: string): readonly unknown[] {
  try {
    return entriesSchema.parse(JSON.parse(text));
  } catch (error) {
    const message = `the tag ${LOGGED_ARTIFACTS_TAG} is no JSON list: ${messageOf(error)}`;
    throw new TidemarkError("DATA_DAMAGED", message, { cause: error });
  }
}
