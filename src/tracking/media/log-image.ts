import { randomUUID } from "node:crypto";
import { z } from "zod";
import { invalidArgument } from "../../base/errors.ts";
import { checkRelativePath } from "../../base/paths.ts";
import type { ArtifactStore } from "../../contract/artifact-store.ts";
import { checkArgument } from "../../schema/check.ts";
import { timestampMs } from "../../schema/text.ts";
import { type Picture, readPicture } from "./picture.ts";

// The rest of the file name takes up to 104 of the 255 bytes that file systems allow.
const MAX_IMAGE_KEY_LENGTH = 150;

export const logImageOptionsSchema = z.strictObject({
  /** Under which MLflow's UI shows it, step by step: letters, digits, `_`, `-`, `.`, `/` and space. */
  key: z
    .string()
    .regex(/^[a-zA-Z0-9_\-./ ]+$/, { error: 'may only hold the letters a to z, digits, "_", "-", ".", "/" and space' })
    .max(MAX_IMAGE_KEY_LENGTH, { error: `is longer than ${MAX_IMAGE_KEY_LENGTH} characters` }),
  /** Default 0. */
  step: z.int().optional(),
  /** Milliseconds since 1970. Default: now. */
  timestamp: timestampMs.optional(),
});
/** What `run.logImage` takes where the image belongs to a series. @interface */
export type LogImageOptions = z.input<typeof logImageOptionsSchema>;

/** Set on runs that have images by key; MLflow's UI shows no image grid without it. */
export const IMAGES_TAG = { key: "mlflow.loggedImages", value: "True" } as const;

/** Writes an image to a file of its own. */
export async function logImageFile(store: ArtifactStore, image: unknown, path: string): Promise<void> {
  checkRelativePath("path", path);
  const picture = readPicture("image", image);
  const endings = picture.type === "png" ? [".png"] : [".jpg", ".jpeg"];
  if (!endings.some((ending) => path.toLowerCase().endsWith(ending))) {
    throw invalidArgument("path", path, `a name with ${endings.join(" or ")}, as the image is a ${picture.type} file`);
  }
  await store.write(path, await picture.file());
}

/**
 * Writes one image of a series, as `MlflowClient.log_image` does. Its name is all that MLflow's UI knows of it, and ends in .png
 * for any kind of image: the UI takes no other name beside .webp, and browsers look at the bytes.
 */
export async function logKeyedImage(
  store: ArtifactStore,
  image: unknown,
  options: LogImageOptions,
  announce: () => void,
): Promise<void> {
  const { key, step = 0, timestamp = Date.now() } = checkArgument("options", logImageOptionsSchema, options);
  const picture = readPicture("image", image);
  announce();
  const name = `images/${key.replaceAll("/", "~")}+step+${step}+timestamp+${timestamp}+${randomUUID()}`;
  await storePicture(store, picture, imagePaths(name));
}

/** Where an image and its small variant are. */
export interface ImagePaths {
  readonly file: string;
  readonly preview: string;
}

export const imagePaths = (name: string): ImagePaths => ({ file: `${name}.png`, preview: `${name}+compressed.png` });

/** Writes an image with its small variant. */
export async function storePicture(store: ArtifactStore, picture: Picture, paths: ImagePaths): Promise<void> {
  await store.write(paths.file, await picture.file());
  await store.write(paths.preview, await picture.preview());
}
