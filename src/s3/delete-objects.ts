import { invalidArgument, TidemarkError } from "../base/errors.ts";
import { childrenOf, escapeXml, parseXml, textOf } from "./xml.ts";

/** S3's limit. */
export const MOST_DELETED = 1_000;

/** What is left of a deletion of many. One that was not there is no failure. */
export interface DeleteResult {
  readonly failures: readonly { readonly key: string; readonly storageCode: string }[];
}

/** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
export function deleteBody(keys: readonly string[]): Uint8Array {
  if (keys.length === 0 || keys.length > MOST_DELETED) throw invalidArgument("keys", keys, `1 to ${MOST_DELETED} keys`);
  const objects = keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`).join("");
  return Buffer.from(`<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>${objects}</Delete>`);
}

/** @throws {TidemarkError} `DATA_DAMAGED` */
export function readDeleteResult(text: string): DeleteResult {
  const root = parseXml(text);
  if (root.name !== "DeleteResult")
    throw new TidemarkError("DATA_DAMAGED", `the storage's answer to a deletion is a ${root.name}`);
  const failures = childrenOf(root, "Error").map((error) => ({
    key: textOf(error, "Key") ?? "",
    storageCode: textOf(error, "Code") ?? "",
  }));
  return { failures: failures.filter(({ storageCode }) => storageCode !== "NoSuchKey") };
}
