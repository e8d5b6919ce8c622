import { crc32, deflateRawSync } from "node:zlib";

/** An entry of an archive that is built by hand, true or not. What isn't said follows from the content. */
export interface ZipPart {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  readonly isDeflated?: boolean;
  /** What stands for the content. */
  readonly packed?: Buffer;
  readonly flags?: number;
  readonly method?: number;
  readonly crc32?: number;
  readonly packedBytes?: number;
  readonly sizeBytes?: number;
  /** Upper half of the external attributes. */
  readonly mode?: number;
  readonly extra?: Buffer;
  /** What the local header says instead. */
  readonly local?: Partial<Omit<ZipPart, "content" | "packed" | "local">>;
  readonly descriptor?: Buffer;
  /** Where the list of entries says that the local header is. */
  readonly position?: number;
  /** Bytes before the local header. */
  readonly gap?: Buffer;
}

/** What stands at the end, true or not. */
export interface ZipEnd {
  readonly entries?: number;
  readonly entriesOnDisk?: number;
  readonly disk?: number;
  readonly position?: number;
  readonly sizeBytes?: number;
  readonly comment?: Buffer;
  /** Numbers of 64 bits stand before the end, and the end points to them. */
  readonly isZip64?: boolean;
  /** Bytes between the list of entries and the end. */
  readonly gap?: Buffer;
}

const UTF8 = 1 << 11;

/** Numbers of so many bytes each, one after the other. */
export function numbers(...fields: readonly (readonly [bytes: 2 | 4 | 8, value: number])[]): Buffer {
  return Buffer.concat(
    fields.map(([bytes, value]) => {
      const field = Buffer.alloc(bytes);
      if (bytes === 8) field.writeBigUInt64LE(BigInt(value));
      else field.writeUIntLE(value, 0, bytes);
      return field;
    }),
  );
}

/** A zip archive, byte by byte. */
export function zipOf(parts: readonly ZipPart[], end: ZipEnd = {}): Buffer {
  const pieces: Buffer[] = [];
  const list: Buffer[] = [];
  let length = 0;
  const add = (piece: Buffer | undefined) => {
    if (piece === undefined) return;
    pieces.push(piece);
    length += piece.length;
  };
  for (const part of parts) {
    add(part.gap);
    const facts = factsOf(part);
    const { packed, ...known } = facts;
    const position = part.position ?? length;
    add(localHeader({ ...known, ...part.local, name: Buffer.from(part.local?.name ?? facts.name) }));
    add(packed);
    add(part.descriptor);
    list.push(centralHeader(facts, part.mode ?? 0, position));
  }
  const position = length;
  for (const header of list) add(header);
  add(end.gap);
  add(endRecords(end, parts.length, position, length - position - (end.gap?.length ?? 0), length));
  return Buffer.concat(pieces);
}

function factsOf(part: ZipPart) {
  const content = Buffer.from(part.content ?? "");
  const packed = part.packed ?? (part.isDeflated === true ? deflateRawSync(content) : content);
  return {
    name: Buffer.from(part.name),
    flags: part.flags ?? UTF8,
    method: part.method ?? (part.isDeflated === true ? 8 : 0),
    crc32: part.crc32 ?? crc32(content),
    packed,
    packedBytes: part.packedBytes ?? packed.length,
    sizeBytes: part.sizeBytes ?? content.length,
    extra: part.extra ?? Buffer.alloc(0),
  };
}

type Facts = Omit<ReturnType<typeof factsOf>, "packed">;

/** What both headers have in common. */
const commonFields = ({ flags, method, crc32, packedBytes, sizeBytes, name, extra }: Facts) =>
  numbers(
    [2, 20],
    [2, flags],
    [2, method],
    [4, 0x0021_0000],
    [4, crc32],
    [4, packedBytes],
    [4, sizeBytes],
    [2, name.length],
    [2, extra.length],
  );

const localHeader = (facts: Facts) =>
  Buffer.concat([numbers([4, 0x04034b50]), commonFields(facts), facts.name, facts.extra]);

const centralHeader = (facts: Facts, mode: number, position: number) =>
  Buffer.concat([
    numbers([4, 0x02014b50], [2, 0x0314]),
    commonFields(facts),
    numbers([2, 0], [2, 0], [2, 0], [2, 0], [2, mode], [4, position]),
    facts.name,
    facts.extra,
  ]);

function endRecords(end: ZipEnd, count: number, start: number, bytes: number, here: number): Buffer {
  const { entries = count, disk = 0, position = start, sizeBytes = bytes, comment = Buffer.alloc(0) } = end;
  const entriesOnDisk = end.entriesOnDisk ?? entries;
  const short = (...fields: [number, number, number, number]) =>
    numbers(
      [4, 0x06054b50],
      [2, disk],
      [2, disk],
      [2, fields[0]],
      [2, fields[1]],
      [4, fields[2]],
      [4, fields[3]],
      [2, comment.length],
    );
  if (end.isZip64 !== true) return Buffer.concat([short(entriesOnDisk, entries, sizeBytes, position), comment]);
  return Buffer.concat([
    numbers([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, disk], [4, disk]),
    numbers([8, entriesOnDisk], [8, entries], [8, sizeBytes], [8, position]),
    numbers([4, 0x07064b50], [4, 0], [8, here], [4, 1]),
    short(0xffff, 0xffff, 0xffff_ffff, 0xffff_ffff),
    comment,
  ]);
}
