import { invalidArgument } from "../../base/errors.ts";
import type { Bitmap } from "./bitmap.ts";
import { readImageHeader } from "./image-header.ts";
import {
  bitmapOfPixels,
  bitmapOfTensor,
  checkSize,
  type ImageTensor,
  isImageTensor,
  isPixels,
  type Pixels,
} from "./pixels.ts";
import { decodePng } from "./png-decoder.ts";
import { encodePng } from "./png-encoder.ts";
import { scaleDown } from "./scale-down.ts";

/** What can be logged as an image: the bytes of a PNG or JPEG file, raw pixels, or a tensor. */
export type LoggableImage = Uint8Array | Pixels | ImageTensor;

/** An image that is checked and no longer depends on what the caller does with it. */
export interface Picture {
  readonly type: "png" | "jpeg";
  file(): Promise<Uint8Array>;
  /** A small one for lists: a PNG file of at most 256 pixels a side; the image itself where its file cannot be decoded here. */
  preview(): Promise<Uint8Array>;
}

// MLflow's COMPRESSED_IMAGE_SIZE.
const PREVIEW_SIDE = 256;

/** Whether a value is meant to be an image. It may still be a bad one. */
export function isImage(value: unknown): value is LoggableImage {
  if (value instanceof Uint8Array) return readImageHeader(value) !== undefined;
  return typeof value === "object" && value !== null && (isPixels(value) || isImageTensor(value));
}

/** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
export function readPicture(argument: string, image: unknown): Picture {
  if (image instanceof Uint8Array) return pictureOfFile(argument, image);
  if (typeof image === "object" && image !== null) {
    if (isPixels(image)) return pictureOfBitmap(bitmapOfPixels(argument, image));
    if (isImageTensor(image)) return pictureOfBitmap(bitmapOfTensor(argument, image));
  }
  const allowed =
    "the bytes of a PNG or JPEG file, { data, width, height }, or a tensor of shape [height, width, 1, 3 or 4]";
  throw invalidArgument(argument, image, allowed);
}

function pictureOfFile(argument: string, image: Uint8Array): Picture {
  const header = readImageHeader(image);
  if (header === undefined) throw invalidArgument(argument, image, "the bytes of a PNG or JPEG file");
  const size = checkSize(argument, header.width, header.height);
  const bytes = image.slice();
  return {
    type: header.type,
    file: async () => bytes,
    preview: async () => {
      const bitmap = isSmall(size) || header.type === "jpeg" ? undefined : await decodePng(bytes);
      return bitmap === undefined ? bytes : await encodePng(scaleDown(bitmap, PREVIEW_SIDE));
    },
  };
}

function pictureOfBitmap(bitmap: Bitmap): Picture {
  return {
    type: "png",
    file: () => encodePng(bitmap),
    preview: () => encodePng(isSmall(bitmap) ? bitmap : scaleDown(bitmap, PREVIEW_SIDE)),
  };
}

const isSmall = ({ width, height }: { width: number; height: number }) => Math.max(width, height) <= PREVIEW_SIDE;
