import { promisify } from "node:util";
import type { Bitmap } from "./bitmap.ts";
import { CHUNK_OVERHEAD, COLOR_TYPE, PAETH, PNG_SIGNATURE, paeth } from "./png-format.ts";

const COLOR_TYPE_OF = { 1: COLOR_TYPE.grey, 2: COLOR_TYPE.greyAlpha, 3: COLOR_TYPE.rgb, 4: COLOR_TYPE.rgba } as const;

/** A bitmap as a PNG file. The compression does not hold up the thread. */
export async function encodePng(bitmap: Bitmap): Promise<Uint8Array> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, bitmap.width);
  view.setUint32(4, bitmap.height);
  view.setUint8(8, 8);
  view.setUint8(9, COLOR_TYPE_OF[bitmap.channels]);
  // Before anything is waited for: the pixels may be the caller's own.
  const rows = filtered(bitmap);
  // Not with `import "tidemark"`: most programs log no picture.
  const { crc32, deflate } = await import("node:zlib");
  return Buffer.concat([
    PNG_SIGNATURE,
    chunk("IHDR", header, crc32),
    chunk("IDAT", await promisify(deflate)(rows), crc32),
    chunk("IEND", new Uint8Array(), crc32),
  ]);
}

function chunk(type: string, data: Uint8Array, crc32: (bytes: Uint8Array) => number): Uint8Array {
  const bytes = Buffer.alloc(CHUNK_OVERHEAD + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/** Every row with the one filter that does well on photographs; what else is drawn becomes small with any. */
function filtered({ width, height, channels, data }: Bitmap): Uint8Array {
  const rowBytes = width * channels;
  const rows = new Uint8Array((rowBytes + 1) * height);
  let to = 0;
  for (let y = 0; y < height; y++) {
    rows[to++] = PAETH;
    const start = y * rowBytes;
    for (let x = 0; x < rowBytes; x++) {
      const at = start + x;
      const left = x < channels ? 0 : (data[at - channels] as number);
      const up = y === 0 ? 0 : (data[at - rowBytes] as number);
      const upLeft = x < channels || y === 0 ? 0 : (data[at - rowBytes - channels] as number);
      rows[to++] = (data[at] as number) - paeth(left, up, upLeft);
    }
  }
  return rows;
}
