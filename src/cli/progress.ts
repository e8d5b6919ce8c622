import { bytesText } from "../base/amounts.ts";
import { readEnv } from "../base/env.ts";
import type { TransferProgress } from "../tracking/artifact-transfers.ts";
import type { Session } from "./session.ts";

/** Work in equal parts; `advance` is called after one or some. Where a person is looking, a bar on stderr shows how far it is. */
export async function withProgress<T>(
  session: Session,
  what: string,
  parts: number,
  work: (advance: (parts?: number) => void) => Promise<T>,
): Promise<T> {
  if (!isWatched(session) || parts === 0) return work(() => {});
  const bar = await newBar(`${what} {bar} {value} of {total}, {eta_formatted} left`);
  bar.start(parts, 0);
  try {
    return await work((done = 1) => bar.increment(done));
  } finally {
    bar.stop();
  }
}

/** Files that are copied: how many bytes there are is known when the first have arrived. */
export async function withTransferProgress<T>(
  session: Session,
  what: string,
  work: (onProgress: (progress: TransferProgress) => void) => Promise<T>,
): Promise<T> {
  if (!isWatched(session)) return work(() => {});
  const bar = await newBar(`${what} {bar} {done} of {size}, {eta_formatted} left`);
  let hasStarted = false;
  try {
    return await work(({ transferredBytes, totalBytes }) => {
      const texts = { done: bytesText(transferredBytes), size: bytesText(totalBytes) };
      if (!hasStarted) bar.start(totalBytes, 0, texts);
      hasStarted = true;
      bar.update(transferredBytes, texts);
    });
  } finally {
    if (hasStarted) bar.stop();
  }
}

/** Work of which more is found while it is done. */
export async function withGrowingProgress<T>(
  session: Session,
  what: string,
  work: (show: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  if (!isWatched(session)) return work(() => {});
  const bar = await newBar(`${what} {bar} {value} of {total}, {eta_formatted} left`);
  let hasStarted = false;
  try {
    return await work((done, total) => {
      if (!hasStarted) bar.start(total, done);
      hasStarted = true;
      bar.setTotal(total);
      bar.update(done);
    });
  } finally {
    if (hasStarted) bar.stop();
  }
}

const isWatched = ({ out, json }: Session): boolean => out.isTerminal && !json && readEnv("TERM") !== "dumb";

async function newBar(format: string) {
  // A CommonJS package: only its default export is there in every runtime.
  const { default: progress } = await import("cli-progress");
  return new progress.SingleBar({
    stream: process.stderr,
    format,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    clearOnComplete: true,
    // Ctrl+C ends the process at once, so nothing of the terminal is changed that would have to be changed back.
    gracefulExit: false,
    linewrap: true,
  });
}
