import { createHash } from "node:crypto";
import { encodeStrictly } from "../uri-encoding.ts";

// The keys of a store, below its prefix. docs/formats/s3-store.md describes them for others. No key is a directory of another, and no
// segment is longer than a file name may be, because some storages keep objects as files.

export const STORE_FILE = "_store.json";
export const PROBE_DIRECTORY = "_probe";

const LONGEST_SEGMENT = 255;
const HASHED_DIGITS = 40;
const HASHED = "h-";
/** What follows a name in its segment. */
const SUFFIX = ".json";
/** Cannot be encoded. */
const HALF_CHARACTER = /[\ud800-\udfff]/u;

/** Longer ids than we make are taken, as long as every segment with them is one. */
const ID = /^[a-zA-Z0-9][\w-]{0,199}$/;
export const isId = (id: string): boolean => ID.test(id);

export const experimentKey = (id: string): string => `exps/${id}/exp.json`;
export const experimentNameKey = (name: string): string => `exp-names/${nameSegment(name)}`;
export const experimentDirectory = (id: string): string => `exps/${id}`;

export const runDirectory = (id: string): string => `runs/run=${id}`;
export const runKey = (id: string): string => `${runDirectory(id)}/run.json`;
export const runArtifacts = (id: string): string => `${runDirectory(id)}/artifacts`;

export const loggedModelDirectory = (id: string): string => `logged-models/model=${id}`;
export const loggedModelKey = (id: string): string => `${loggedModelDirectory(id)}/model.json`;
export const loggedModelArtifacts = (id: string): string => `${loggedModelDirectory(id)}/artifacts`;

export const modelNameKey = (name: string): string => `model-names/${nameSegment(name)}`;
export const modelKey = (id: string): string => `models/${id}/model.json`;
export const versionsDirectory = (id: string): string => `models/${id}/versions/`;

const VERSION_DIGITS = 8;
export const HIGHEST_VERSION = 10 ** VERSION_DIGITS - 1;
/** Digits in front, so that keys are in the order of the numbers. */
export const versionKey = (id: string, version: number): string =>
  `${versionsDirectory(id)}${String(version).padStart(VERSION_DIGITS, "0")}${SUFFIX}`;

/** The number in a key of a version; `undefined` for what is none. */
export function versionOfKey(key: string): number | undefined {
  const digits = /\/versions\/(\d{8})\.json$/.exec(key)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Where an index is: one for the runs of each experiment, one for all models, and so on. */
export const experimentIndex = (): string => "idx/exps";
export const runIndex = (experimentId: string): string => `idx/runs/exp=${experimentId}`;
export const loggedModelIndex = (experimentId: string): string => `idx/logged-models/exp=${experimentId}`;
export const modelIndex = (): string => "idx/models";
export const versionIndex = (): string => "idx/versions";

/** Any name as one segment: percent-encoded, or hashed where that would be too long. */
function nameSegment(name: string): string {
  const encoded = HALF_CHARACTER.test(name) ? undefined : encodeStrictly(name);
  const isPlain =
    encoded !== undefined && encoded.length + SUFFIX.length <= LONGEST_SEGMENT && !encoded.startsWith(HASHED);
  if (isPlain) return encoded + SUFFIX;
  const digest = createHash("sha256").update(name).digest("hex");
  return HASHED + digest.slice(0, HASHED_DIGITS) + SUFFIX;
}
