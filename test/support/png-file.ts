import { crc32, deflateSync } from "node:zlib";

/** What a PNG file is to hold, right or wrong. */
export interface PngParts {
  readonly width: number;
  readonly height: number;
  readonly colorType: number;
  /** Filtered rows, each with its filter in front. */
  readonly rows: readonly number[];
  readonly bitDepth?: number;
  readonly interlace?: number;
  readonly chunks?: Readonly<Record<string, readonly number[]>>;
}

/** A PNG file put together by hand, with its compressed data in two chunks. */
export function pngFile({
  width,
  height,
  colorType,
  rows,
  bitDepth = 8,
  interlace = 0,
  chunks = {},
}: PngParts): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bitDepth, colorType, 0, 0, interlace], 8);
  const data = deflateSync(Uint8Array.from(rows));
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    ...Object.entries(chunks).map(([type, bytes]) => chunk(type, Uint8Array.from(bytes))),
    chunk("IDAT", data.subarray(0, 3)),
    chunk("IDAT", data.subarray(3)),
    chunk("IEND", new Uint8Array()),
  ]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
