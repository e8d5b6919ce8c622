import { messageOf } from "../base/errors.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import type { Omissions } from "./omissions.ts";
import type { CheckedReportOptions } from "./options.ts";
import type { EmbeddedImage, ReportFile } from "./payload.ts";
import { readRasterHeader } from "./raster-header.ts";
import { readBounded } from "./read-bounded.ts";

/** Where an image comes from. */
export interface ImageSource {
  readonly store: ArtifactStore;
  readonly runId: string;
}

/** A few bytes can stand for more pixels than a browser has memory for. */
const MOST_PIXELS = 64e6;

/** The images of a report, within its limits. */
export class ImageAlbum {
  /** The bytes of every image, by its element. */
  readonly images: Uint8Array[] = [];
  readonly #limits: CheckedReportOptions;
  readonly #omissions: Omissions;
  #leftBytes: number;

  constructor(limits: CheckedReportOptions, omissions: Omissions) {
    this.#limits = limits;
    this.#omissions = omissions;
    this.#leftBytes = limits.maxTotalImageBytes;
  }

  get leftBytes(): number {
    return this.#leftBytes;
  }

  /** The first of some variants of an image that is small enough, by what the store says of their sizes. */
  choose(...variants: readonly (ReportFile | undefined)[]): ReportFile | undefined {
    const { maxImageBytes } = this.#limits;
    return variants.find((variant) => variant !== undefined && variant.sizeBytes <= maxImageBytes);
  }

  /** Takes an image in; `undefined` where it is none, or too large: then it is written down why. */
  async embed({ store, runId }: ImageSource, path: string): Promise<EmbeddedImage | undefined> {
    const omit = (why: string): undefined => this.#omissions.add({ what: "image", runId, name: path, why });
    const most = Math.min(this.#limits.maxImageBytes, this.#leftBytes);
    const bytes = await readBounded(store, path, most).catch(messageOf);
    if (typeof bytes === "string") return omit(bytes);
    const header = readRasterHeader(bytes);
    if (header === undefined) return omit("is no PNG, JPEG, GIF or WebP image by its bytes");
    const { type, width, height } = header;
    if (width * height > MOST_PIXELS) return omit(`has ${width} x ${height} pixels`);
    this.#leftBytes -= bytes.length;
    return { element: this.images.push(bytes) - 1, type };
  }
}
