import { setTimeout as sleep } from "node:timers/promises";
import { TidemarkError } from "../../base/errors.ts";
import { inLine, type Lines } from "../../base/in-line.ts";
import { type RetryPolicy, retryDelayMs } from "../../base/retry-schedule.ts";
import { HIGHEST_VERSION, versionKey, versionOfKey, versionsDirectory } from "./layout.ts";
import type { StoreObjects } from "./store-objects.ts";

const MOST_RACES = 200;
const RACE_RETRY: RetryPolicy = { baseMs: 20, capMs: 1_000, budgetMs: 300_000 };

/**
 * Gives out the numbers of versions: the highest there is and one, taken by whoever creates its object. Those of one process stand in a
 * line for one model, so that they do not race each other.
 */
export class VersionNumbers {
  readonly #objects: StoreObjects;
  readonly #lines: Lines = new Map();
  /** Numbers that were there when last looked: no list has to begin before them. */
  readonly #known = new Map<string, number>();

  constructor(objects: StoreObjects) {
    this.#objects = objects;
  }

  /** @param create - Makes the version of this number; false where there is one. */
  async next(modelId: string, create: (version: number) => Promise<boolean>): Promise<number> {
    return await inLine(this.#lines, modelId, () => this.#next(modelId, create));
  }

  /** The highest number that was given out; 0 where none was. */
  async highest(modelId: string): Promise<number> {
    const known = this.#known.get(modelId);
    const after = known === undefined ? undefined : versionKey(modelId, known);
    const listed = await this.#objects.list(versionsDirectory(modelId), after);
    const highest = Math.max(known ?? 0, ...listed.map(({ key }) => versionOfKey(key) ?? 0));
    this.#known.set(modelId, highest);
    return highest;
  }

  async #next(modelId: string, create: (version: number) => Promise<boolean>): Promise<number> {
    for (let race = 1; race <= MOST_RACES; race++) {
      const version = (await this.highest(modelId)) + 1;
      if (version > HIGHEST_VERSION) break;
      if (await create(version)) {
        this.#known.set(modelId, version);
        return version;
      }
      await sleep(retryDelayMs(RACE_RETRY, Math.min(race, 6), undefined));
    }
    const message = `no number for a new version of model ${modelId} could be had: others are faster`;
    throw new TidemarkError("TEMPORARILY_UNAVAILABLE", message);
  }
}
