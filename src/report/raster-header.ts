import { readImageHeader } from "../tracking/media/image-header.ts";

/** What the first bytes of a picture say. */
export interface RasterHeader {
  readonly type: string;
  readonly width: number;
  readonly height: number;
}

/**
 * What kind of picture some bytes are, and how large, whatever their file is called; `undefined` for all that is not made of pixels. SVG is
 * not: it is a document, with scripts in it.
 */
export function readRasterHeader(bytes: Uint8Array): RasterHeader | undefined {
  const header = readImageHeader(bytes);
  if (header !== undefined) return { ...header, type: `image/${header.type}` };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (startsWith(bytes, 0, "GIF8")) return bytes.length < GIF_HEADER_BYTES ? undefined : readGif(view);
  const isWebp = startsWith(bytes, 0, "RIFF") && startsWith(bytes, 8, "WEBP");
  return isWebp && bytes.length >= WEBP_HEADER_BYTES ? readWebp(bytes, view) : undefined;
}

const GIF_HEADER_BYTES = 13;
const WEBP_HEADER_BYTES = 30;

const startsWith = (bytes: Uint8Array, at: number, text: string): boolean =>
  Array.from(text).every((character, index) => bytes[at + index] === character.charCodeAt(0));

const readGif = (view: DataView): RasterHeader => ({
  type: "image/gif",
  width: view.getUint16(6, true),
  height: view.getUint16(8, true),
});

/** Its three kinds keep their size in places of their own. */
function readWebp(bytes: Uint8Array, view: DataView): RasterHeader | undefined {
  const sized = (width: number, height: number) => ({ type: "image/webp", width, height });
  if (startsWith(bytes, 12, "VP8X")) {
    const threeBytes = (at: number) => 1 + view.getUint16(at, true) + (view.getUint8(at + 2) << 16);
    return sized(threeBytes(24), threeBytes(27));
  }
  if (startsWith(bytes, 12, "VP8L")) {
    const packed = view.getUint32(21, true);
    return sized(1 + (packed & 0x3fff), 1 + ((packed >>> 14) & 0x3fff));
  }
  if (startsWith(bytes, 12, "VP8 ")) return sized(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
  return undefined;
}
