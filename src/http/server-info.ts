import { messageOf, TidemarkError } from "../base/errors.ts";
import { type Attempt, cancelled, type FailedAttempt, unsent } from "./attempt.ts";

/** What a server can do beside what every server can. The names of MLflow's answer are in `utils/server_info.py` of its package. */
export interface ServerInfo {
  /** Keeps runs in a database, which answers histories in order however they came. A directory of files answers them as they came. */
  readonly hasDatabase: boolean;
  readonly hasWorkspaces: boolean;
  /** Signs the parts of an upload, which then go to its storage. */
  readonly signsUploads: boolean;
  /** Signs downloads, which then come from its storage. */
  readonly signsDownloads: boolean;
  /** Takes and sends no bytes itself. From MLflow 3.18. */
  readonly isPresignedOnly: boolean;
}

/** A server that cannot be asked is older than all of it. */
export const OLD_SERVER: ServerInfo = {
  hasDatabase: false,
  hasWorkspaces: false,
  signsUploads: false,
  signsDownloads: false,
  isPresignedOnly: false,
};

/** As long as Python's client: a server may come back with other options. */
const VALID_MS = 60_000;
/** Servers whose answers are kept; artifacts may be at others than the runs. */
const MOST_SERVERS = 16;

interface Question {
  readonly answer: Promise<Attempt<ServerInfo>>;
  readonly abandoned: AbortController;
  waiting: number;
}

/** What servers have said of themselves. One question to a server is on its way at a time; failures are not kept. */
export class ServerInfoCache {
  readonly #known = new Map<string, { readonly info: ServerInfo; readonly expiresMs: number }>();
  readonly #questions = new Map<string, Question>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** `ask` sends the question. It is stopped when the last of those who wait for it has gone. */
  async get(
    base: string,
    ask: (signal: AbortSignal) => Promise<Attempt>,
    signal: AbortSignal | undefined,
  ): Promise<Attempt<ServerInfo>> {
    const known = this.#known.get(base);
    if (known !== undefined && this.#nowMs() < known.expiresMs) return { status: "ok", value: known.info };
    if (signal?.aborted === true) return unsent(cancelled(base, signal));
    const question = this.#questions.get(base) ?? this.#ask(base, ask);
    question.waiting += 1;
    try {
      return await orCancelled(question.answer, base, signal);
    } finally {
      question.waiting -= 1;
      if (question.waiting === 0) {
        question.abandoned.abort();
        if (this.#questions.get(base) === question) this.#questions.delete(base);
      }
    }
  }

  #ask(base: string, ask: (signal: AbortSignal) => Promise<Attempt>): Question {
    const abandoned = new AbortController();
    const answer = ask(abandoned.signal).then((attempt) => {
      const read = readInfo(base, attempt);
      if (read.status === "ok") this.#keep(base, read.value);
      return read;
    });
    const question = { answer, abandoned, waiting: 0 };
    this.#questions.set(base, question);
    return question;
  }

  #keep(base: string, info: ServerInfo): void {
    this.#known.delete(base);
    this.#known.set(base, { info, expiresMs: this.#nowMs() + VALID_MS });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_SERVERS && oldest !== undefined) this.#known.delete(oldest);
  }
}

function readInfo(base: string, attempt: Attempt): Attempt<ServerInfo> {
  if (attempt.status === "failed") return isUnknownRoute(attempt) ? { status: "ok", value: OLD_SERVER } : attempt;
  try {
    const said = Object(JSON.parse(attempt.value)) as Readonly<Record<string, unknown>>;
    return {
      status: "ok",
      value: {
        hasDatabase: said.store_type === "SqlStore",
        hasWorkspaces: said.workspaces_enabled === true,
        signsUploads: said.multipart_uploads_enabled === true,
        signsDownloads: said.multipart_downloads_enabled === true,
        isPresignedOnly: said.artifacts_presigned_only === true,
      },
    };
  } catch (error) {
    const message = `what ${base} says of itself is not MLflow's: ${messageOf(error)}`;
    return unsent(new TidemarkError("DATA_DAMAGED", message, { cause: error }));
  }
}

const isUnknownRoute = ({ error }: FailedAttempt): boolean =>
  [404, 405, 501].includes(Number(error.details.httpStatus));

async function orCancelled<T>(
  answer: Promise<Attempt<T>>,
  base: string,
  signal: AbortSignal | undefined,
): Promise<Attempt<T>> {
  if (signal === undefined) return await answer;
  let stop = () => {};
  const stopped = new Promise<Attempt<T>>((resolve) => {
    stop = () => resolve(unsent(cancelled(base, signal)));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([answer, stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
