import { invalidArgument, TidemarkError } from "../../base/errors.ts";
import { checkRelativePath } from "../../base/paths.ts";
import type { ArtifactStore } from "../../contract/artifact-store.ts";
import { inTurn } from "./in-turn.ts";
import { storePicture } from "./log-image.ts";
import { announceTable } from "./logged-artifacts.ts";
import type { MediaTarget } from "./media-target.ts";
import { concatenate, readTable, type Table } from "./table.ts";
import { takeImages } from "./table-images.ts";
import { formatTable, parseTable, plainTable } from "./table-json.ts";

/**
 * Writes a table, or appends to the one that is there, as `MlflowClient.log_table` does. Calls for one path take turns within the
 * process; between processes the last one wins, as in MLflow.
 */
export async function logTable(target: MediaTarget, data: unknown, path: string): Promise<void> {
  checkTablePath(path);
  const { table, images } = takeImages(readTable(data), path);
  const added = plainTable(table);
  const { artifacts, runId } = target;
  await inTurn(`table:${runId}:${path}`, async () => {
    for (const { picture, paths } of images) await storePicture(artifacts, picture, paths);
    const existing = await readExisting(artifacts, path);
    await artifacts.write(path, formatTable(existing === undefined ? added : concatenate(existing, added)));
  });
  await announceTable(target, path);
}

function checkTablePath(path: string): void {
  checkRelativePath("path", path);
  if (!path.endsWith(".json")) {
    throw invalidArgument("path", path, "a name that ends in .json: the one form of MLflow's tables written here");
  }
  // MLflow looks for a table by its path in the text of a tag, and refuses what would confuse that.
  const forbidden = /["',:[\]{}]/.exec(path)?.[0];
  if (forbidden !== undefined) throw invalidArgument("path", path, `a path without ${forbidden}`);
}

async function readExisting(artifacts: ArtifactStore, path: string): Promise<Table | undefined> {
  try {
    return parseTable(path, await artifacts.read(path));
  } catch (error) {
    if (error instanceof TidemarkError && error.code === "RESOURCE_DOES_NOT_EXIST") return undefined;
    throw error;
  }
}
