import { parseJson } from "../heads.ts";
import { damaged } from "../store-objects.ts";
import { isCount, isText } from "./column.ts";
import { readSideBytes } from "./side-bytes.ts";
import { textBytesOf, unpackMember } from "./unpack.ts";

/** Columns with names from `first` to `last`, one gzip member. */
export interface Section {
  readonly group: string;
  readonly first: string;
  readonly last: string;
  readonly bytes: Buffer;
}

/** Some heads, a line each, one gzip member. */
export interface Block {
  readonly firstRow: number;
  readonly rowCount: number;
  readonly bytes: Buffer;
}

/** What a chunk has, and where. */
export interface Directory {
  readonly rowCount: number;
  readonly sections: readonly Section[];
  readonly blocks: readonly Block[];
}

export const DIRECTORY_FORMAT = 1;
/** Before the directory: its length, as 32 bits, lowest byte first. */
export const LENGTH_BYTES = 4;
const LARGEST_DIRECTORY_BYTES = 16 << 20;
/** Writers put 2,000 into one. */
const MOST_ROWS = 1 << 16;
/** Of all sections, and of all blocks, together. */
export const LARGEST_TEXT_BYTES = 500 << 20;

/**
 * `undefined` where nothing rides along with the heads, or something of a later format: the heads themselves are there all the same.
 *
 * @throws {TidemarkError} `DATA_DAMAGED`
 */
export async function readDirectory(file: Buffer, place: string): Promise<Directory | undefined> {
  const { side, textAt } = readSideBytes(file);
  if (side.length === 0) return undefined;
  const length = side.length < LENGTH_BYTES ? 0 : side.readUInt32LE();
  const sectionsAt = LENGTH_BYTES + length;
  if (length === 0 || sectionsAt > side.length) throw damaged(place, "is cut off");
  const text = await unpackMember(side.subarray(LENGTH_BYTES, sectionsAt), LARGEST_DIRECTORY_BYTES, place);
  const json = parseJson(text.toString("utf8"), place);
  if (!isObject(json)) throw damaged(place, "has no directory");
  if (json.format !== DIRECTORY_FORMAT) return undefined;
  const { rows, sections, blocks } = json;
  if (!isCount(rows) || rows > MOST_ROWS || !Array.isArray(sections) || !Array.isArray(blocks))
    throw damaged(place, "has no directory");
  return {
    rowCount: rows,
    sections: readSections(sections, side.subarray(sectionsAt), place),
    blocks: readBlocks(blocks, file.subarray(textAt), rows, place),
  };
}

function readSections(list: readonly unknown[], bytes: Buffer, place: string): Section[] {
  const cut = cutter(bytes, place);
  const sections = list.map((entry): Section => {
    const [group, first, last, length] = Array.isArray(entry) ? entry : [];
    if (!isText(group) || !isText(first) || !isText(last)) throw damaged(place, "has a section without a name");
    return { group, first, last, bytes: cut.next(length) };
  });
  cut.end();
  return sections;
}

function readBlocks(list: readonly unknown[], bytes: Buffer, rowCount: number, place: string): Block[] {
  const cut = cutter(bytes, place);
  let firstRow = 0;
  const blocks = list.map((entry): Block => {
    const [rows, length] = Array.isArray(entry) ? entry : [];
    if (!isCount(rows) || rows === 0) throw damaged(place, "has a block without rows");
    const block = { firstRow, rowCount: rows, bytes: cut.next(length) };
    firstRow += rows;
    return block;
  });
  cut.end();
  if (firstRow !== rowCount) throw damaged(place, `has ${firstRow} rows, and not ${rowCount}`);
  return blocks;
}

/** Parts lie one behind the other and fill the whole, so that none can overlap another. */
function cutter(bytes: Buffer, place: string) {
  let at = 0;
  let textBytes = 0;
  return {
    next(length: unknown): Buffer {
      if (!isCount(length) || at + length > bytes.length) throw damaged(place, "is cut off");
      const part = bytes.subarray(at, at + length);
      at += length;
      textBytes += textBytesOf(part);
      if (textBytes > LARGEST_TEXT_BYTES) throw damaged(place, `is larger than ${LARGEST_TEXT_BYTES} bytes`);
      return part;
    },
    end(): void {
      if (at !== bytes.length) throw damaged(place, "is longer than its directory says");
    },
  };
}

const isObject = (json: unknown): json is Readonly<Record<string, unknown>> =>
  typeof json === "object" && json !== null && !Array.isArray(json);
