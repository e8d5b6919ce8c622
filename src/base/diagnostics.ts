import { readEnv } from "./env.ts";
import { processSlot } from "./process-state.ts";

/** Where Tidemark's own messages go. `console` fits. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
}

const LEVELS = ["debug", "info", "warn", "silent"] as const;
type Level = (typeof LEVELS)[number];

interface DiagnosticsState {
  logger: Logger | undefined;
  readonly reported: Set<string>;
}

// Bounded: causes carry paths, and a process may meet many.
const MOST_REMEMBERED_CAUSES = 1_000;

const state = () => processSlot<DiagnosticsState>("diagnostics", () => ({ logger: undefined, reported: new Set() }));

/** Replaces the destination of messages for the whole process; `undefined` goes back to stderr. */
export function setLogger(logger: Logger | undefined): void {
  state().logger = logger;
}

/** Says a message if `TIDEMARK_LOG` (`debug`, `info`, `warn`, `silent`; default `warn`) lets this level through. */
export function log(level: Exclude<Level, "silent">, message: string): void {
  const chosen = readEnv("TIDEMARK_LOG")?.toLowerCase() as Level | undefined;
  const threshold = chosen !== undefined && LEVELS.includes(chosen) ? chosen : "warn";
  if (LEVELS.indexOf(level) < LEVELS.indexOf(threshold)) return;
  try {
    const { logger } = state();
    const text = redact(message);
    if (logger !== undefined) logger[level](`tidemark: ${text}`);
    // stderr, because stdout belongs to the user's program.
    else console.error(`tidemark: ${text}`);
  } catch {
    // A logger that throws must not break training, and there is nowhere left to say so.
  }
}

/** Warns once per cause and process: trouble that repeats at every hand-over must not flood the terminal. */
export function warnOnce(cause: string, message: string): void {
  const { reported } = state();
  if (reported.has(cause)) return;
  if (reported.size >= MOST_REMEMBERED_CAUSES) reported.clear();
  reported.add(cause);
  log("warn", message);
}

/** Takes user names and passwords out of every URL in a text. */
export function redact(text: string): string {
  return text.replace(/:\/\/[^/\s]*@/g, "://***@");
}
