import { readEnv } from "../base/env.ts";
import type { Session } from "./session.ts";

/** Work in equal parts; `advance` is called after one or some. Where a person is looking, a bar on stderr shows how far it is. */
export async function withProgress<T>(
  { out, json }: Session,
  what: string,
  parts: number,
  work: (advance: (parts?: number) => void) => Promise<T>,
): Promise<T> {
  if (!out.isTerminal || json || parts === 0 || readEnv("TERM") === "dumb") return work(() => {});
  // A CommonJS package: only its default export is there in every runtime.
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    stream: process.stderr,
    format: `${what} {bar} {value} of {total}, {eta_formatted} left`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    clearOnComplete: true,
    // Ctrl+C ends the process at once, so nothing of the terminal is changed that would have to be changed back.
    gracefulExit: false,
    linewrap: true,
  });
  bar.start(parts, 0);
  try {
    return await work((done = 1) => bar.increment(done));
  } finally {
    bar.stop();
  }
}
