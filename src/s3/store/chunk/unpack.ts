import { promisify } from "node:util";
import { gunzip, gunzipSync } from "node:zlib";
import { damaged } from "../store-objects.ts";

const unpackInThread = promisify(gunzip);

/** What is not longer is unpacked at once: to hand it to a thread would take longer than that. */
const SHORT_BYTES = 256 << 10;
/** Of many small pieces each would be an event of its own. */
const PIECE_BYTES = 1 << 20;
const LEAST_PIECE_BYTES = 64;
const LENGTH_BYTES = 4;
/** The least that is a gzip member. */
const LEAST_MEMBER_BYTES = 20;

/** How long one gzip member says its text is. */
export const textBytesOf = (member: Buffer): number =>
  member.length < LEAST_MEMBER_BYTES ? 0 : member.readUInt32LE(member.length - LENGTH_BYTES);

/** The text of one gzip member, which must be as long as it says. @throws {TidemarkError} `DATA_DAMAGED` */
export async function unpackMember(member: Buffer, mostBytes: number, place: string): Promise<Buffer> {
  const length = textBytesOf(member);
  if (length > mostBytes) throw damaged(place, `has a part that is larger than ${mostBytes} bytes`);
  const chunkSize = Math.max(LEAST_PIECE_BYTES, Math.min(length + 1, PIECE_BYTES));
  const options = { maxOutputLength: Math.max(length, 1), chunkSize };
  try {
    const text = length <= SHORT_BYTES ? gunzipSync(member, options) : await unpackInThread(member, options);
    if (text.length === length) return text;
  } catch (error) {
    throw damaged(place, "has a part that is not gzipped", error);
  }
  throw damaged(place, "has a part that is not gzipped");
}

/** The text of a whole file, of any number of members. @throws {TidemarkError} `DATA_DAMAGED` */
export async function unpackFile(file: Buffer, mostBytes: number, place: string): Promise<Buffer> {
  try {
    return await unpackInThread(file, { maxOutputLength: mostBytes, chunkSize: PIECE_BYTES });
  } catch (error) {
    throw damaged(place, "is not gzipped", error);
  }
}
