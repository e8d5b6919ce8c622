import { PNG_SIGNATURE } from "./png-format.ts";

/** What the first bytes of an image file say. */
export interface ImageHeader {
  readonly type: "png" | "jpeg";
  readonly width: number;
  readonly height: number;
}

/** `undefined` for what is neither a PNG nor a JPEG file, or breaks off before its size. */
export function readImageHeader(bytes: Uint8Array): ImageHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (PNG_SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    return bytes.length < 33 ? undefined : { type: "png", width: view.getUint32(16), height: view.getUint32(20) };
  }
  return bytes[0] === 0xff && bytes[1] === 0xd8 ? readJpegHeader(view) : undefined;
}

// Among the markers that start a frame these three are something else: tables, and one that is reserved.
const NO_FRAME: readonly number[] = [0xc4, 0xc8, 0xcc];

function readJpegHeader(view: DataView): ImageHeader | undefined {
  let at = 2;
  while (at + 9 <= view.byteLength && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    // Any number of fill bytes may stand before a marker.
    if (marker === 0xff) at++;
    else if (marker >= 0xc0 && marker <= 0xcf && !NO_FRAME.includes(marker)) {
      return { type: "jpeg", height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    } else at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}
