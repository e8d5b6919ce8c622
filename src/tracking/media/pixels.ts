import { warnOnce } from "../../base/diagnostics.ts";
import { invalidArgument, messageOf, TidemarkError } from "../../base/errors.ts";
import type { TypedArray } from "../dataset/tensors.ts";
import { type Bitmap, MAX_PIXELS } from "./bitmap.ts";

/** Raw pixels, row by row from the top. A canvas's `ImageData` is one. Integers are 0 to 255, floats 0 to 1. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray | Float32Array;
  readonly width: number;
  readonly height: number;
  /** Grey, RGB or RGBA. Default: as many as the data has for every pixel. */
  readonly channels?: 1 | 3 | 4;
}

/** A tensor of shape [height, width] or [height, width, 1, 3 or 4], as TF.js has them. */
export interface ImageTensor {
  readonly shape: readonly number[];
  /** `"bool"`, or what the values themselves say. */
  readonly dtype?: string;
  dataSync(): TypedArray | readonly string[];
}

export const isPixels = (value: object): value is Pixels =>
  "data" in value && ArrayBuffer.isView(value.data) && "width" in value && "height" in value;

export const isImageTensor = (value: object): value is ImageTensor =>
  "dataSync" in value &&
  typeof value.dataSync === "function" &&
  "shape" in value &&
  Array.isArray(value.shape) &&
  (value.shape.length === 2 || (value.shape.length === 3 && [1, 3, 4].includes(value.shape[2])));

/** A copy as bytes, by MLflow's rules (mlflow/tracking/multimedia.py). */
export function bitmapOfPixels(argument: string, pixels: Pixels): Bitmap {
  const { data, width, height } = pixels;
  const size = checkSize(argument, width, height);
  return { ...size, ...bytesOf(argument, data, size, pixels.channels) };
}

/** @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, also for a tensor that is disposed */
export function bitmapOfTensor(argument: string, tensor: ImageTensor): Bitmap {
  const [height, width, channels] = tensor.shape;
  const size = checkSize(argument, width, height);
  let values: TypedArray | readonly string[];
  try {
    values = tensor.dataSync();
  } catch (error) {
    throw new TidemarkError("INVALID_PARAMETER_VALUE", `${argument}: cannot be read: ${messageOf(error)}`, {
      cause: error,
      details: { argument },
    });
  }
  const data = tensor.dtype === "bool" ? Uint8Array.from(values as Uint8Array, (value) => value * 255) : values;
  return { ...size, ...bytesOf(argument, data, size, channels ?? 1) };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
export function checkSize(argument: string, width: unknown, height: unknown): Size {
  const isSize = [width, height].every((side) => Number.isInteger(side) && Number(side) > 0);
  if (!isSize || Number(width) * Number(height) > MAX_PIXELS) {
    throw invalidArgument(argument, `${width} x ${height}`, `an image of 1 to ${MAX_PIXELS} pixels`);
  }
  return { width: width as number, height: height as number };
}

function bytesOf(argument: string, values: unknown, { width, height }: Size, channels: unknown) {
  if (!isNumbers(values)) throw invalidArgument(`${argument}.data`, values, "a typed array of numbers");
  const perPixel = values.length / (width * height);
  if (![1, 3, 4].includes(perPixel) || (channels !== undefined && channels !== perPixel)) {
    const allowed = `${width} x ${height} pixels of ${channels ?? "1, 3 or 4"} values`;
    throw invalidArgument(`${argument}.data`, `${values.length} values`, allowed);
  }
  const isFloat = values instanceof Float32Array || values instanceof Float64Array;
  const data = isFloat ? fromFloats(argument, values) : fromIntegers(argument, values);
  return { data, channels: perPixel as 1 | 3 | 4 };
}

type Numbers = Exclude<TypedArray, BigInt64Array | BigUint64Array>;

const isNumbers = (values: unknown): values is Numbers =>
  ArrayBuffer.isView(values) &&
  !(values instanceof DataView || values instanceof BigInt64Array || values instanceof BigUint64Array);

function fromIntegers(argument: string, values: Numbers): Uint8Array {
  if (!(values instanceof Uint8Array || values instanceof Uint8ClampedArray)) {
    const outside = values.find((value: number) => value < 0 || value > 255);
    if (outside !== undefined) throw invalidArgument(`${argument}.data`, outside, "integers from 0 to 255");
  }
  return new Uint8Array(values);
}

function fromFloats(argument: string, values: Float32Array | Float64Array): Uint8Array {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) throw invalidArgument(`${argument}.data`, value, "finite numbers");
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const isWithin = low >= 0 && high <= 1;
  if (!isWithin) {
    const message = `${argument}: values from ${low} to ${high} are outside 0 to 1 and were stretched over it`;
    warnOnce("image:rescaled", message);
  }
  // NumPy computes in the precision of the values, and cuts where others round.
  const rounded = values instanceof Float32Array ? Math.fround : (value: number) => value;
  const span = rounded(high - low) || 1;
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < bytes.length; i++) {
    const value = values[i] as number;
    bytes[i] = rounded((isWithin ? value : rounded(rounded(value - low) / span)) * 255);
  }
  return bytes;
}
