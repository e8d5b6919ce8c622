import { TidemarkError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import type { RegistryStore } from "../../contract/registry-store.ts";
import type { Owner } from "../../queue/spool/owner.ts";
import type { ModelVersion } from "../../schema/model-version.ts";
import { PROMPT_TAG } from "../../search/filter.ts";
import { PROCESS_TAG, processText, readProcess } from "../../tracking/life/process-tag.ts";
import { allOf, ifThere, unlessThere } from "../experiment-pair.ts";

/** The registered model whose versions are the tickets. It is there only while somebody syncs. */
export const TURNS_NAME = "tidemark-sync-lock";

const NONCE_TAG = "tidemark.syncLock.nonce";
const BEAT_TAG = "tidemark.syncLock.beat";
const MARK_TAG = "tidemark.syncLock";

// Lists of models leave out prompts: ours, Python's and those of MLflow's pages.
const PROMPT = { [PROMPT_TAG]: "true" };
/** The only kind of source that a server takes for a prompt. */
const SOURCE = "dummy-source";
const DESCRIPTION =
  "No prompt: a tidemark sync is copying to this server, or was killed while it did. It goes away with the end of the sync, or with the next one.";

/** A place in the queue of syncs. */
export interface Ticket {
  /** Counted by the store: who has the lowest one is at work. */
  readonly number: number;
  /** Drawn by the sync that has it. Numbers begin anew when nobody has been there. */
  readonly nonce: string;
  /** Changes as long as the sync that has it lives. */
  readonly beat: string;
  readonly owner: Owner | undefined;
  /** Milliseconds since 1970, by the store's clock. */
  readonly drawnAt: number;
}

/** What came of drawing a ticket. */
export type Draw = "drawn" | "not allowed here" | "not allowed behind others";

/**
 * Tickets that a registry deals out: it numbers the versions of a model one by one, whoever asks, and a version that is gone cannot be
 * changed any more. Each call says what is there by then.
 */
export class Tickets {
  readonly #registry: RegistryStore;
  readonly #nonce: string;

  constructor(registry: RegistryStore, nonce: string) {
    this.#registry = registry;
    this.#nonce = nonce;
  }

  /** In the order of their numbers. */
  async list(): Promise<Ticket[]> {
    return (await this.#versions())
      .filter(({ tags }) => Object.hasOwn(tags, NONCE_TAG))
      .map(ticketOf)
      .sort(byNumber);
  }

  /** @throws {TidemarkError} also where it was drawn, and the answer was lost */
  async draw(): Promise<Draw> {
    const tags = { ...PROMPT, [MARK_TAG]: "true" };
    const made = await unlessRefused(() =>
      unlessThere(() => this.#registry.createModel({ name: TURNS_NAME, description: DESCRIPTION, tags })),
    );
    if (!made) return "not allowed here";
    const owner = processText();
    const drawn = await unlessRefused(() =>
      this.#registry.createVersion({
        name: TURNS_NAME,
        source: SOURCE,
        tags: {
          ...PROMPT,
          [NONCE_TAG]: this.#nonce,
          [BEAT_TAG]: newId(),
          ...(owner === undefined ? {} : { [PROCESS_TAG]: owner }),
        },
      }),
    );
    return drawn ? "drawn" : "not allowed behind others";
  }

  /** Shows others that the sync lives. Answers false where the ticket is gone. */
  async beat(number: number): Promise<boolean> {
    const beaten = await ifThere(async () => {
      await this.#registry.setVersionTag({ name: TURNS_NAME, version: number }, { key: BEAT_TAG, value: newId() });
      return true;
    });
    return beaten === true;
  }

  /** Takes a ticket away, ours or that of a sync that is gone. */
  async drop(number: number): Promise<void> {
    await ifThere(() => this.#registry.deleteVersion({ name: TURNS_NAME, version: number }));
  }

  /** Gives the own ticket back. Where nobody waits behind it, nothing is left. */
  async leave(): Promise<void> {
    const versions = await this.#versions();
    const own = versions.filter(({ tags }) => tags[NONCE_TAG] === this.#nonce);
    const isLast = own.length > 0 && own.length === versions.length;
    if (isLast && (await this.#isOurModel())) return await this.#removeAll();
    for (const { version } of own) await this.drop(version);
  }

  /**
   * A deletion whose answer is lost is tried again, and would then meet what others have made by that time. So the model gets a name that only
   * this sync knows, which happens once; who has drawn a ticket meanwhile misses it, and draws another.
   */
  async #removeAll(): Promise<void> {
    const name = `${TURNS_NAME}-${this.#nonce}`;
    try {
      await this.#registry.renameModel(TURNS_NAME, name);
    } finally {
      await ifThere(() => this.#registry.deleteModel(name));
    }
  }

  async #isOurModel(): Promise<boolean> {
    const model = await ifThere(() => this.#registry.getModel(TURNS_NAME));
    return model !== undefined && Object.hasOwn(model.tags, MARK_TAG);
  }

  async #versions(): Promise<ModelVersion[]> {
    const filter = `name = '${TURNS_NAME}' AND tags.\`${PROMPT_TAG}\` = 'true'`;
    const versions: ModelVersion[] = [];
    for await (const version of allOf((paging) => this.#registry.searchVersions({ ...paging, filter }))) {
      versions.push(version);
    }
    return versions;
  }
}

function ticketOf({ version, tags, creationTime }: ModelVersion): Ticket {
  const { [NONCE_TAG]: nonce = "", [BEAT_TAG]: beat = "", [PROCESS_TAG]: owner } = tags;
  return { number: version, nonce, beat, owner: readProcess(owner), drawnAt: creationTime };
}

const byNumber = (a: Ticket, b: Ticket): number => a.number - b.number;

/** Whether the store lets this user do something. */
async function unlessRefused(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof TidemarkError && error.code === "PERMISSION_DENIED") return false;
    throw error;
  }
}

/** A store in which two do something at the same moment may fail one of them in any of these ways. */
export const isCollision = (error: unknown): boolean => error instanceof TidemarkError && COLLISIONS.has(error.code);

const COLLISIONS: ReadonlySet<TidemarkError["code"]> = new Set([
  "RESOURCE_DOES_NOT_EXIST",
  "INVALID_PARAMETER_VALUE",
  "TEMPORARILY_UNAVAILABLE",
]);
