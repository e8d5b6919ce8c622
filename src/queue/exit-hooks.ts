import { detectRuntime } from "../base/platform.ts";
import { processSlot } from "../base/process-state.ts";
import type { RunStatus } from "../schema/run.ts";

/** How a process ends, as far as its runs care. */
export interface ProcessEnd {
  readonly status: Extract<RunStatus, "FINISHED" | "FAILED" | "KILLED">;
  /** The uncaught error that ended it. */
  readonly error?: unknown;
}

/** Something that must not be left behind when the process ends: an open run. */
export interface ExitParticipant {
  /** Asks for SIGINT and SIGTERM to be handled. */
  readonly handlesSignals: boolean;
  /** The event loop is empty: the last chance for asynchronous work. `undefined` when there is none. */
  settle(end: ProcessEnd): Promise<void> | undefined;
  /** The process is ending now: only synchronous work is possible. Never throws. */
  finishSync(end: ProcessEnd): void;
}

interface ExitState {
  readonly participants: Set<ExitParticipant>;
  readonly signals: Set<NodeJS.Signals>;
  isInstalled: boolean;
  uncaught: { readonly error: unknown } | undefined;
}

const HANDLED_SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"];

const exitState = () =>
  processSlot<ExitState>("exit-hooks", () => ({
    participants: new Set(),
    signals: new Set(),
    isInstalled: false,
    uncaught: undefined,
  }));

/** Takes part in the end of the process until the answered function is called. Handlers are installed once per process. */
export function joinProcessExit(participant: ExitParticipant): () => void {
  const state = exitState();
  state.participants.add(participant);
  if (!state.isInstalled) {
    state.isInstalled = true;
    install(state);
  }
  if (participant.handlesSignals) installSignals(state);
  return () => state.participants.delete(participant);
}

function install(state: ExitState): void {
  // Emitted again whenever the loop runs empty; a participant with nothing left to do answers undefined.
  process.on("beforeExit", (code) => {
    for (const participant of [...state.participants]) void participant.settle(endOf(state, code));
  });
  process.on("exit", (code) => finishAll(state, endOf(state, code)));
  // Watches uncaught errors and, by default, unhandled rejections, without taking them from their handlers.
  process.on("uncaughtExceptionMonitor", (error) => {
    state.uncaught = { error };
    // Deno emits no exit event after an uncaught error.
    const isFatal = process.listenerCount("uncaughtException") === 0;
    if (isFatal && detectRuntime().name === "deno") finishAll(state, { status: "FAILED", error });
  });
}

function endOf(state: ExitState, code: number): ProcessEnd {
  // Node sets process.exitCode to 13 in an exit listener when a top-level await never settled: the argument is still 0 then.
  const exitCode = code !== 0 ? code : Number(process.exitCode ?? 0);
  if (exitCode === 0) return { status: "FINISHED" };
  return state.uncaught === undefined ? { status: "FAILED" } : { status: "FAILED", error: state.uncaught.error };
}

function finishAll(state: ExitState, end: ProcessEnd): void {
  for (const participant of [...state.participants]) participant.finishSync(end);
  state.participants.clear();
}

function installSignals(state: ExitState): void {
  for (const signal of HANDLED_SIGNALS) {
    if (state.signals.has(signal)) continue;
    state.signals.add(signal);
    const onSignal = () => {
      process.off(signal, onSignal);
      state.signals.delete(signal);
      const end: ProcessEnd = { status: "KILLED" };
      const settling = [...state.participants].map((participant) => participant.settle(end));
      void Promise.allSettled(settling.filter((promise) => promise !== undefined)).then(() => raiseAgain());
    };
    const raiseAgain = () => {
      finishAll(state, { status: "KILLED" });
      // Where others listen too, the end of the process is theirs to decide.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    };
    process.on(signal, onSignal);
  }
}
