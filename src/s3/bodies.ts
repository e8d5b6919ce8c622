import { Readable } from "node:stream";
import type { HttpResponse } from "../net/http-types.ts";

/** Pieces in which a body leaves where somebody watches it. */
const PIECE_BYTES = 1 << 18;

/** What is sent with a request, as often as it takes. */
export interface RequestBody {
  /** The bytes, from the start. */
  send(): Uint8Array | Readable | undefined;
}

/** @param onBytes - Told the bytes as they leave; those of a repeat only once. */
export function requestBody(body: Uint8Array | undefined, onBytes: ((count: number) => void) | undefined): RequestBody {
  if (body === undefined || onBytes === undefined || body.length === 0) return { send: () => body };
  let toldBytes = 0;
  async function* pieces(bytes: Uint8Array) {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const end = Math.min(at + PIECE_BYTES, bytes.length);
      if (end > toldBytes) onBytes?.(end - toldBytes);
      toldBytes = Math.max(toldBytes, end);
      yield bytes.subarray(at, end);
    }
  }
  return { send: () => Readable.from(pieces(body), { objectMode: false }) };
}

/** Reads a body; `undefined` for one that is larger than it may be. */
export async function readText(response: HttpResponse, mostBytes: number): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response.body) {
    pieces.push(piece as Buffer);
    bytes += (piece as Buffer).length;
    if (bytes > mostBytes) return undefined;
  }
  return Buffer.concat(pieces).toString("utf8");
}
