import { messageOf, TidemarkError } from "../../base/errors.ts";
import { findBackend } from "../../connect/connect.ts";
import type { Backend } from "../../contract/backend.ts";
import type { Garbage, GarbageKind } from "../../contract/garbage-store.ts";
import type { RegistryStore } from "../../contract/registry-store.ts";
import { checkArgument } from "../../schema/check.ts";
import { type GcItem, type GcOptions, gcSchema, type Place, YOUNGEST_LEFTOVER_MS } from "./gc-options.ts";
import { keepReferenced, nameOf } from "./keep-referenced.ts";
import { references } from "./references.ts";
import { type SpoolLeft, spoolsOfGoneRuns } from "./spools.ts";

/** What {@link gc} has done, or would do. */
export interface GcResult {
  readonly dryRun: boolean;
  /** Deleted for good; in a dry run what would be. */
  readonly purged: readonly GcItem[];
  /** Old enough, and kept: because something refers to it, or because it is not what it was any more. */
  readonly kept: readonly (GcItem & { readonly reason: string })[];
  /** What could not be deleted. A repeat goes on with it. */
  readonly failed: readonly (GcItem & { readonly error: TidemarkError })[];
}

/** Experiments last: they have to be empty by then. */
const ORDER: readonly GarbageKind[] = ["run", "logged-model", "orphan", "temporary", "upload", "experiment"];

/**
 * Deletes for good what was deleted long ago: runs, experiments with all they hold, logged models, with their artifacts; and what crashes have
 * left behind. What registered versions, other runs or logged models refer to is kept. A dry run unless told otherwise. Whatever interrupts it, a repeat goes on.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`; `NOT_IMPLEMENTED` for a store that deletes nothing for good, such as an MLflow server, which has
 *   `mlflow gc` for that; `CANCELLED`, or the backend's error when it cannot be read
 * @example
 * ```ts
 * import { gc } from "tidemark/sync";
 *
 * const { purged, kept } = await gc({ store: "./mlruns", olderThanMs: 30 * 24 * 3_600_000, dryRun: true });
 * console.log(purged.length, kept.map(({ id, reason }) => `${id}: ${reason}`));
 * ```
 */
export async function gc(options: GcOptions): Promise<GcResult> {
  const { store, registries, ...rest } = checkArgument("options", gcSchema, options);
  const opened: Backend[] = [];
  const open = async (place: Place): Promise<Backend> => {
    if (typeof place === "object") return "backend" in place ? place.backend : place;
    const backend = await findBackend(place);
    opened.push(backend);
    return backend;
  };
  try {
    const backend = await open(store);
    const others: RegistryStore[] = [];
    for (const place of registries) {
      const { registry, uri } = await open(place);
      if (registry === undefined) throw new TidemarkError("NOT_IMPLEMENTED", `${uri} has no registry`);
      others.push(registry);
    }
    return await new Collection(backend, rest).run(others);
  } finally {
    for (const backend of opened) await backend.close();
  }
}

type CollectionOptions = Omit<ReturnType<typeof gcSchema.parse>, "store" | "registries">;

/** One go over one store. */
class Collection {
  readonly #backend: Backend;
  readonly #options: CollectionOptions;
  readonly #purged: GcItem[] = [];
  readonly #kept: (GcItem & { reason: string })[] = [];
  readonly #failed: (GcItem & { error: TidemarkError })[] = [];

  constructor(backend: Backend, options: CollectionOptions) {
    this.#backend = backend;
    this.#options = options;
  }

  async run(registries: readonly RegistryStore[]): Promise<GcResult> {
    const { olderThanMs, spools, dryRun } = this.#options;
    const { garbage } = this.#backend;
    if (garbage === undefined && !spools) throw deletesNothing(this.#backend);
    const now = Date.now();
    const deletedBefore = now - olderThanMs;
    // What is being written now has no other sign than its age.
    const leftBefore = now - Math.max(olderThanMs, YOUNGEST_LEFTOVER_MS);
    const found = (await garbage?.list({ deletedBefore, leftBefore })) ?? [];
    const candidates = new Map(found.flatMap((item) => (isLoose(item) ? [] : [[nameOf(item), item] as const])));
    const names = new Set(candidates.keys());
    const reasons =
      names.size === 0 ? new Map() : await keepReferenced(candidates, references(this.#backend, names, registries));
    for (const kind of ORDER)
      for (const item of found.filter((each) => each.kind === kind)) {
        const reason = isLoose(item) ? undefined : reasons.get(nameOf(item));
        if (reason === undefined) await this.#purge(item, async () => (await garbage?.purge(item)) === true);
        else this.#kept.push({ ...shown(item), reason });
      }
    if (spools) await this.#purgeSpools(leftBefore);
    return { dryRun, purged: this.#purged, kept: this.#kept, failed: this.#failed };
  }

  async #purgeSpools(leftBefore: number): Promise<void> {
    const gone = new Set(this.#purged.filter(({ kind }) => kind === "run").map(({ id }) => id));
    for await (const spool of spoolsOfGoneRuns(this.#backend, leftBefore, gone))
      await this.#purge(spool.item, spool.remove);
  }

  async #purge(item: Garbage | SpoolLeft["item"], purge: () => Promise<boolean>): Promise<void> {
    const { dryRun, signal, onPurged } = this.#options;
    if (signal?.aborted === true)
      throw new TidemarkError("CANCELLED", "the clean-up was cancelled", { cause: signal.reason });
    const facts = shown(item);
    try {
      if (!dryRun && !(await purge())) {
        this.#kept.push({ ...facts, reason: "it is not what it was any more: restored, written since, or gone" });
        return;
      }
    } catch (error) {
      this.#failed.push({ ...facts, error: codedError(error) });
      return;
    }
    this.#purged.push(facts);
    onPurged?.(facts);
  }
}

/** Nothing can refer to it. */
const isLoose = ({ kind }: Garbage): boolean => kind === "temporary" || kind === "upload";

function shown(item: Garbage | GcItem): GcItem {
  const { refersTo: _refersTo, token: _token, ...facts } = item as Garbage;
  return facts;
}

const codedError = (error: unknown): TidemarkError =>
  error instanceof TidemarkError ? error : new TidemarkError("STORAGE_ERROR", messageOf(error), { cause: error });

function deletesNothing({ uri, remote }: Backend): TidemarkError {
  const server =
    remote === undefined
      ? ""
      : ": its interface cannot. For an MLflow server there is `mlflow gc`, run where its database is";
  return new TidemarkError("NOT_IMPLEMENTED", `nothing can be deleted for good at ${uri}${server}`);
}
