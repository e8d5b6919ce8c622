import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import { warnOnce } from "../base/diagnostics.ts";
import { messageOf, TidemarkError } from "../base/errors.ts";
import { type RetryPolicy, retryDelayMs } from "../base/retry-schedule.ts";
import { guardedExchange, type HttpClient, unanswered } from "../net/http-client.ts";
import type { HttpRequest, HttpResponse } from "../net/http-types.ts";
import { retryAfterMs } from "../net/retryable.ts";
import { type Attempt, cancelled, unsent } from "./attempt.ts";
import { ANYBODY, type Credentials } from "./credentials.ts";
import { SERVER_INFO } from "./routes.ts";
import { readFailure } from "./server-error.ts";
import { OLD_SERVER, type ServerInfo, ServerInfoCache } from "./server-info.ts";
import { missingWorkspace, type Workspace, workspaceHeaders } from "./workspace.ts";

export type { Attempt } from "./attempt.ts";

/** What a {@link RestClient} needs to know. */
export interface RestClientOptions {
  readonly http: HttpClient;
  /** The server's address, without a slash at its end. */
  readonly base: string;
  readonly credentials: Credentials;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent to servers that have workspaces. */
  readonly workspace?: Workspace | undefined;
  readonly maxRetries: number;
}

type QueryValue = string | number | readonly string[] | undefined;

/** One call of MLflow's REST API. */
export interface RestCall {
  readonly method: HttpRequest["method"];
  /** Below the server's address: `/api/2.0/mlflow/runs/get`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** What becomes JSON, or the text itself. */
  readonly body?: object | string;
  /** Doing it twice is doing it once: repeated also where a first try may have arrived. Default: all but POST. */
  readonly isRepeatable?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes the bytes of the body, anew for every try; `content-length` among the headers says how many. */
  readonly stream?: () => Readable;
  readonly signal?: AbortSignal | undefined;
}

const INFO_CALL: RestCall = { method: "GET", path: SERVER_INFO };

const RETRY: RetryPolicy = { baseMs: 500, capMs: 30_000, budgetMs: 300_000 };

/** Calls MLflow's REST API: who asks, what may be repeated and what an answer means. */
export class RestClient {
  readonly #options: RestClientOptions;
  readonly #infos: ServerInfoCache;

  constructor(options: RestClientOptions, infos = new ServerInfoCache()) {
    this.#options = options;
    this.#infos = infos;
  }

  get base(): string {
    return this.#options.base;
  }

  get maxRetries(): number {
    return this.#options.maxRetries;
  }

  /** The same for callers that repeat by themselves. */
  get once(): RestClient {
    return new RestClient({ ...this.#options, maxRetries: 0 }, this.#infos);
  }

  /**
   * The same at another address, which somebody else may have written: only on the machine that we chose ourselves it learns who we
   * are.
   */
  at(base: string): RestClient {
    if (base === this.base) return this;
    const isSameMachine = new URL(base).hostname === new URL(this.base).hostname;
    const stranger = { credentials: ANYBODY, headers: {}, workspace: undefined };
    return new RestClient({ ...this.#options, ...(isSameMachine ? {} : stranger), base }, this.#infos);
  }

  /**
   * Calls, repeats what may be repeated, and reads the answer.
   *
   * @throws {TidemarkError} the server's error, `TEMPORARILY_UNAVAILABLE` after the last try, `DATA_DAMAGED` for an answer that is none
   */
  async call<Schema extends z.ZodType>(call: RestCall, answer: Schema): Promise<z.output<Schema>> {
    return this.#read(call, await this.text(call), answer);
  }

  /** The same for an answer that says nothing. */
  async run(call: RestCall): Promise<void> {
    await this.text(call);
  }

  /** The text of the answer. */
  async text(call: RestCall): Promise<string> {
    return (await this.#repeat(call, () => this.attempt(call))) ?? "{}";
  }

  /** The answer with its body unread, for bytes that are more than memory should hold. */
  async open(call: RestCall): Promise<HttpResponse> {
    const response = await this.#repeat(call, () => this.#attempt(call, async (answer) => answer));
    if (response === undefined) throw new TidemarkError("INTERNAL_ERROR", "a deletion has no body");
    return response;
  }

  /** One try, two where a token has run out. */
  async attempt(call: RestCall): Promise<Attempt> {
    return await this.#attempt(call, (response) => response.text());
  }

  /**
   * What the server can do. One that answers without saying it can do nothing of it.
   *
   * @throws {TidemarkError} `TEMPORARILY_UNAVAILABLE` where nobody answers, `CANCELLED`
   */
  async info(signal: AbortSignal | undefined): Promise<ServerInfo> {
    try {
      return (await this.#repeat({ ...INFO_CALL, signal }, () => this.#info(signal))) ?? OLD_SERVER;
    } catch (error) {
      if (error instanceof TidemarkError && error.details.httpStatus === undefined && error.code !== "DATA_DAMAGED")
        throw error;
      return OLD_SERVER;
    }
  }

  /** Waits before the n-th repeat. @throws {TidemarkError} `CANCELLED` */
  async pause(retry: number, signal: AbortSignal | undefined, serversWishMs?: number): Promise<void> {
    await sleep(retryDelayMs(RETRY, retry, serversWishMs), undefined, signal === undefined ? {} : { signal }).catch(
      () => {
        throw cancelled(this.base, signal);
      },
    );
  }

  /** Tries until it works or nothing more may be tried; `undefined` where an earlier try has deleted what this one misses. */
  async #repeat<T>(call: RestCall, tryOnce: () => Promise<Attempt<T>>): Promise<T | undefined> {
    const isRepeatable = call.isRepeatable ?? call.method !== "POST";
    let mayHaveArrived = false;
    for (let retry = 1; ; retry++) {
      const attempt = await tryOnce();
      if (attempt.status === "ok") return attempt.value;
      const { error } = attempt;
      if (call.method === "DELETE" && mayHaveArrived && error.code === "RESOURCE_DOES_NOT_EXIST") return undefined;
      mayHaveArrived ||= attempt.mayHaveArrived;
      const mayRepeat = attempt.isRetryable && (isRepeatable || !attempt.mayHaveArrived);
      if (!mayRepeat || retry > this.maxRetries) throw error;
      warnOnce(`retry:${this.base}`, `${error.message}; trying again`);
      await this.pause(retry, call.signal, attempt.retryAfterMs);
    }
  }

  async #attempt<T>(call: RestCall, read: (response: HttpResponse) => Promise<T>): Promise<Attempt<T>> {
    const { workspace } = this.#options;
    if (workspace === undefined) return await this.#send(call, read);
    const info = await this.#info(call.signal);
    // Whether the server has workspaces decides what is sent: while that cannot be known, the call itself fails.
    if (info.status === "failed") return { ...info, mayHaveArrived: false };
    if (info.value.hasWorkspaces)
      return await this.#send({ ...call, headers: { ...workspaceHeaders(workspace), ...call.headers } }, read);
    const problem = missingWorkspace(workspace, this.base);
    return problem === undefined ? await this.#send(call, read) : unsent(problem);
  }

  #info(signal: AbortSignal | undefined): Promise<Attempt<ServerInfo>> {
    const ask = (signal: AbortSignal) => this.#send({ ...INFO_CALL, signal }, (response) => response.text());
    return this.#infos.get(this.base, ask, signal);
  }

  async #send<T>(call: RestCall, read: (response: HttpResponse) => Promise<T>): Promise<Attempt<T>> {
    const { credentials } = this.#options;
    const authorization = await credentials.header();
    const first = await this.#attemptOnce(call, authorization, read);
    const isRefused = first.status === "failed" && first.error.code === "UNAUTHENTICATED";
    if (!isRefused || !credentials.forget(authorization)) return first;
    return await this.#attemptOnce(call, await credentials.header(), read);
  }

  async #attemptOnce<T>(
    call: RestCall,
    authorization: string | undefined,
    read: (response: HttpResponse) => Promise<T>,
  ): Promise<Attempt<T>> {
    const request = this.#request(call, authorization);
    try {
      const response = await this.#options.http.send(request);
      if (response.status < 300) return { status: "ok", value: await guardedExchange(request, () => read(response)) };
      const text = await guardedExchange(request, () => response.text());
      const { error, isRetryable } = readFailure(this.base, routeOf(call), response, text);
      return {
        status: "failed",
        error,
        isRetryable,
        mayHaveArrived: !(response.status === 408 || response.status === 429),
        retryAfterMs: retryAfterMs(response.headers, Date.now()),
      };
    } catch (error) {
      return unanswered(error);
    }
  }

  /** A request with all that every request carries. */
  #request(call: RestCall, authorization: string | undefined): HttpRequest {
    const { method, body, stream, signal } = call;
    const json = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const sent = stream?.() ?? json;
    return {
      method,
      url: urlOf(this.base, call),
      headers: {
        "user-agent": "tidemark",
        ...this.#options.headers,
        ...(authorization === undefined ? {} : { authorization }),
        ...(json === undefined ? {} : { "content-type": "application/json" }),
        ...call.headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
      signal,
    };
  }

  #read<Schema extends z.ZodType>(call: RestCall, text: string, answer: Schema): z.output<Schema> {
    try {
      return answer.parse(JSON.parse(text));
    } catch (error) {
      const message = `the answer of ${this.base} to ${routeOf(call)} is not MLflow's: ${messageOf(error)}`;
      throw new TidemarkError("DATA_DAMAGED", message, { cause: error });
    }
  }
}

const routeOf = ({ method, path }: RestCall): string => `${method} ${path}`;

function urlOf(base: string, { path, query = {} }: Pick<RestCall, "path" | "query">): URL {
  const url = new URL(base + path);
  for (const [name, value] of Object.entries(query)) {
    for (const each of typeof value === "object" ? value : [value]) {
      if (each !== undefined) url.searchParams.append(name, String(each));
    }
  }
  return url;
}
