import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { parseRunName } from "./run-name.ts";
import type { Session } from "./session.ts";

const SHORTEST_INTERVAL_S = 0.1;
const LONGEST_INTERVAL_S = 86_400;

/** What a command answers: its exit code, 0 where it says nothing. */
export type Work<Options> = (session: Session, options: Options) => Promise<number | undefined>;

/** Runs one command with its options, and with its arguments by name. */
export type Run = <Options>(command: Command, work: Work<Options>, given?: Readonly<Partial<Options>>) => Promise<void>;

/** Options that every list has. */
export function withSearch(command: Command): Command {
  return command
    .option("-f, --filter <expression>", "MLflow's grammar: \"metrics.loss < 0.1 AND params.optimizer = 'adam'\"")
    .option("-o, --order-by <key>", 'like "metrics.loss DESC"; may be repeated', append)
    .addOption(new Option("-n, --limit <count>", "most entries to list").argParser(usage(parseCount)).default(50));
}

/** Options of lists of what can be in the trash. */
export function withStages(command: Command): Command {
  return command
    .addOption(new Option("--all", "deleted ones too").conflicts("deleted"))
    .option("--deleted", "only deleted ones");
}

const RUN_HELP = 'id, the first 4 or more characters of it, or "latest"';
export const runArgument = () => new Argument("<run>", RUN_HELP).argParser(usage(parseRunName));

export const append = (value: string, earlier: string[] = []): string[] => [...earlier, value];

export const collect = (value: string, earlier: string[] = []): string[] => [...earlier, usage(parseRunName)(value)];

export function parseTag(text: string, earlier: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError('It is no tag like "task=digits".');
  // Entries, not assignments, so that "__proto__" is a key like any other.
  return Object.fromEntries([...Object.entries(earlier), [text.slice(0, at), text.slice(at + 1)]]);
}

export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= SHORTEST_INTERVAL_S && seconds <= LONGEST_INTERVAL_S)) {
    throw new RangeError(`It is no number of seconds from ${SHORTEST_INTERVAL_S} to ${LONGEST_INTERVAL_S}.`);
  }
  return seconds;
}

const DURATION = /^(?=\d)(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?$/;

/** `30d`, `10m`, or as MLflow takes it `1d2h3m4s`; in milliseconds. */
export function parseDuration(text: string): number {
  const parts = DURATION.exec(text);
  if (parts === null) throw new RangeError('It is no duration like "30d", "12h", "10m" or "1d2h3m4s".');
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;
}

/** How long a run may be silent. */
export const silenceOption = () =>
  new Option(
    "--older-than <duration>",
    "how long a run may be silent whose process cannot be asked for (default: 10m)",
  ).argParser(usage(parseDuration));

export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < 1) {
    throw new RangeError("It is no whole number above 0.");
  }
  return count;
}

/** A reader of an argument whose complaint is a wrong usage. */
export function usage<T>(read: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return read(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}
