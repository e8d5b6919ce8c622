/** Pixels as bytes, row by row from the top: grey, grey and alpha, RGB, or RGBA. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly data: Uint8Array;
}

/** 256 MiB as RGBA. Sizes in a header are claims: memory is only taken for those below this. */
export const MAX_PIXELS = 2 ** 26;
