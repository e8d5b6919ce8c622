import { promisify } from "node:util";
import { type Bitmap, MAX_PIXELS } from "./bitmap.ts";
import { CHUNK_OVERHEAD, COLOR_TYPE, PNG_SIGNATURE, paeth } from "./png-format.ts";

const CHANNELS: Readonly<Record<number, Bitmap["channels"]>> = {
  [COLOR_TYPE.grey]: 1,
  [COLOR_TYPE.rgb]: 3,
  [COLOR_TYPE.palette]: 1,
  [COLOR_TYPE.greyAlpha]: 2,
  [COLOR_TYPE.rgba]: 4,
};

/**
 * The pixels of a PNG file with 8 bits per channel and no interlacing, which nearly all have; `undefined` for any other and for
 * damaged ones. Takes no more memory than the size in the header asks for, whatever the file inflates to.
 */
export async function decodePng(png: Uint8Array): Promise<Bitmap | undefined> {
  const chunks = readChunks(png);
  const header = chunks.get("IHDR")?.[0];
  if (header?.length !== 13) return undefined;
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  const width = view.getUint32(0);
  const height = view.getUint32(4);
  const colorType = view.getUint8(9);
  const channels = CHANNELS[colorType];
  const isPlain = view.getUint8(8) === 8 && view.getUint8(12) === 0;
  if (channels === undefined || !isPlain || width * height > MAX_PIXELS) return undefined;
  const palette = chunks.get("PLTE")?.[0];
  const alphas = chunks.get("tRNS")?.[0];
  const isPalette = colorType === COLOR_TYPE.palette;
  // Without a palette it would name one colour that is transparent.
  if (alphas !== undefined && !isPalette) return undefined;
  const data = await inflateRows(chunks.get("IDAT") ?? [], width * channels, height, channels);
  if (data === undefined) return undefined;
  if (!isPalette) return { width, height, channels, data };
  return palette === undefined ? undefined : { width, height, channels: 4, data: colored(data, palette, alphas) };
}

function readChunks(png: Uint8Array): ReadonlyMap<string, readonly Uint8Array[]> {
  const chunks = new Map<string, Uint8Array[]>();
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  let at = PNG_SIGNATURE.length;
  while (at + CHUNK_OVERHEAD <= png.length) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    const data = png.subarray(at + 8, at + 8 + length);
    const others = chunks.get(type);
    if (others === undefined) chunks.set(type, [data]);
    else others.push(data);
    at += CHUNK_OVERHEAD + length;
  }
  return chunks;
}

async function inflateRows(
  compressed: readonly Uint8Array[],
  rowBytes: number,
  height: number,
  pixelBytes: number,
): Promise<Uint8Array | undefined> {
  const size = (rowBytes + 1) * height;
  const { inflate } = await import("node:zlib");
  const rows = await promisify(inflate)(Buffer.concat(compressed), { maxOutputLength: size }).catch(() => undefined);
  if (rows?.length !== size) return undefined;
  const data = new Uint8Array(rowBytes * height);
  for (let y = 0; y < height; y++) {
    const from = y * (rowBytes + 1);
    const filter = rows[from] as number;
    if (filter > 4) return undefined;
    for (let x = 0; x < rowBytes; x++) {
      const at = y * rowBytes + x;
      const left = x < pixelBytes ? 0 : (data[at - pixelBytes] as number);
      const up = y === 0 ? 0 : (data[at - rowBytes] as number);
      const upLeft = x < pixelBytes || y === 0 ? 0 : (data[at - rowBytes - pixelBytes] as number);
      data[at] = (rows[from + 1 + x] as number) + predicted(filter, left, up, upLeft);
    }
  }
  return data;
}

function predicted(filter: number, left: number, up: number, upLeft: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    default:
      return paeth(left, up, upLeft);
  }
}

/** RGBA from indexes into a palette; beyond its end is black. */
function colored(indexes: Uint8Array, palette: Uint8Array, alphas: Uint8Array | undefined): Uint8Array {
  const data = new Uint8Array(indexes.length * 4);
  for (let i = 0; i < indexes.length; i++) {
    const index = indexes[i] as number;
    for (let c = 0; c < 3; c++) data[i * 4 + c] = palette[index * 3 + c] ?? 0;
    data[i * 4 + 3] = alphas?.[index] ?? 255;
  }
  return data;
}
