import { setTimeout as sleep } from "node:timers/promises";
import { TidemarkError } from "../../base/errors.ts";
import { ownRandom } from "../../base/random.ts";
import type { S3RequestOptions } from "../object-requests.ts";
import { type MetricsPlace, manifestKey, type Snapshot, takeSnapshot } from "./live-files.ts";
import { type ManifestChange, replaceManifest } from "./manifest.ts";

/** Compactors and marks of others come in between: one of them gets on every time. */
const MOST_TRIES = 60;
const LONGEST_PAUSE_MS = 200;

/**
 * Changes what the manifest of a run says, on what is there at that moment. Called again where somebody else was faster, and where nobody knows
 * whether the last try has succeeded.
 *
 * @param change - Answers `undefined` where there is nothing to be changed.
 */
export async function changeManifest(
  place: MetricsPlace,
  options: S3RequestOptions,
  change: (snapshot: Snapshot) => ManifestChange | undefined,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const snapshot = await takeSnapshot(place, options);
    const next = change(snapshot);
    if (next === undefined) return;
    if ((await replaceManifest(place.client, manifestKey(place.prefix), snapshot, next, options)) !== undefined) return;
    if (tries === MOST_TRIES) {
      const message = `others change the metrics of run ${place.runId} faster than this process can`;
      throw new TidemarkError("TEMPORARILY_UNAVAILABLE", message);
    }
    const { signal } = options;
    await sleep(ownRandom() * LONGEST_PAUSE_MS, undefined, signal === undefined ? {} : { signal }).catch(() => {
      throw new TidemarkError("CANCELLED", "the change was cancelled", { cause: signal?.reason });
    });
  }
}
