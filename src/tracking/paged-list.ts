import { invalidArgument } from "../base/errors.ts";
import type { Page } from "../contract/tracking-store.ts";
import { DISPLAY, type MimeBundle } from "./display/mime-bundle.ts";

/** Entities fetched with one request where the caller does not say. */
const DEFAULT_PAGE_SIZE = 1_000;
/** MLflow's limit for runs. */
const LARGEST_PAGE_SIZE = 50_000;

/** How a list is cut into pages. */
export interface PageOptions {
  /** Entities of one page, 1 to 50,000. Default 1,000. */
  readonly maxResults?: number | undefined;
  /** Where to go on: `nextPageToken` of the page before. */
  readonly pageToken?: string | undefined;
}

/**
 * A list at the backend: iterate over all of it, or ask for one page. Deliberately not a promise: returning it from an async
 * function keeps it whole.
 *
 * @example
 * ```ts
 * import { connect } from "tidemark";
 *
 * const client = await connect();
 * for await (const experiment of client.experiments.search()) console.log(experiment.name);
 * const { items, nextPageToken } = await client.experiments.search({ maxResults: 10 }).page();
 * console.log(items.length, nextPageToken);
 * ```
 */
export class PagedList<T> implements AsyncIterable<T> {
  readonly #fetchPage: (request: { maxResults: number; pageToken?: string }) => Promise<Page<T>>;
  readonly #maxResults: number;
  readonly #pageToken: string | undefined;

  /** @internal Made by the client's search calls. */
  constructor(
    fetchPage: (request: { maxResults: number; pageToken?: string }) => Promise<Page<T>>,
    options: PageOptions,
  ) {
    const { maxResults = DEFAULT_PAGE_SIZE, pageToken } = options;
    if (!Number.isInteger(maxResults) || maxResults < 1 || maxResults > LARGEST_PAGE_SIZE) {
      throw invalidArgument("maxResults", maxResults, `a whole number from 1 to ${LARGEST_PAGE_SIZE}`);
    }
    this.#fetchPage = fetchPage;
    this.#maxResults = maxResults;
    this.#pageToken = pageToken;
  }

  /** The page at the token, the first one without. */
  page(): Promise<Page<T>> {
    return this.#fetch(this.#pageToken);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    let pageToken = this.#pageToken;
    do {
      const page = await this.#fetch(pageToken);
      yield* page.items;
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
  }

  /** Deno's notebooks show what is found as a table. */
  async [DISPLAY](): Promise<MimeBundle> {
    const { SHOWN_ROWS, showList } = await import("./display/show-list.ts");
    const { items, nextPageToken } = await this.#fetch(this.#pageToken, Math.min(this.#maxResults, SHOWN_ROWS));
    return showList(items as readonly object[], nextPageToken !== undefined);
  }

  #fetch(pageToken: string | undefined, maxResults = this.#maxResults): Promise<Page<T>> {
    return this.#fetchPage({ maxResults, ...(pageToken === undefined ? {} : { pageToken }) });
  }
}
