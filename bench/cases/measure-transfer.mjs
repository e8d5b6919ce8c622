// How fast and in how much memory a large file goes up and comes down again, for the cases that send files.
import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { report } from "./support.mjs";

/**
 * Sends a file there and back, and reports both rates and what memory grew by meanwhile.
 *
 * @param {{ upload(path: string): Promise<unknown>, download(path: string): Promise<unknown>, remove(path: string): Promise<unknown> }} transfer
 * downloads into `directory`
 * @param {{ file: string, smallFile: string, directory: string }} files the small one goes first: code that is loaded and buffers that are made
 * with it are there once
 */
export async function measureTransfer(transfer, { file, smallFile, directory }) {
  await transfer.upload(smallFile);
  await transfer.download(smallFile);

  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 10);
  const timed = async (work) => {
    const begun = performance.now();
    await work(file);
    return (performance.now() - begun) / 1_000;
  };
  const upSeconds = await timed(transfer.upload);
  const downSeconds = await timed(transfer.download);
  clearInterval(watch);
  const bytes = statSync(join(directory, basename(file))).size;
  if (bytes !== statSync(file).size) throw new Error(`${bytes} bytes came back`);
  for (const path of [file, smallFile]) await transfer.remove(path);
  const mebibytes = bytes / 2 ** 20;
  report({
    upMiBPerSecond: mebibytes / upSeconds,
    downMiBPerSecond: mebibytes / downSeconds,
    growthMiB: (most - before) / 2 ** 20,
  });
}
