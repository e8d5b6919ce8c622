import type { ImageAlbum, ImageSource } from "./image-album.ts";
import type { Omissions } from "./omissions.ts";
import type { ImageSeries, Picture, ReportFile } from "./payload.ts";

/** One image of a series, and its small variant. */
interface Shot {
  readonly step: number;
  readonly timestamp: number;
  whole?: ReportFile;
  preview?: ReportFile;
}

/** MLflow's names: with `+` between the parts, and before version 2.17 with `%`. A slash of the key is a `~`, or a `#` of old. */
const SERIES_NAME =
  /^images\/([^/]{1,255}?)([+%])step\2(-?\d{1,16})\2timestamp\2(\d{1,16})\2([\w-]{1,64})(\2compressed)?\.\w{1,8}$/;
const IMAGE_NAME = /\.(png|jpe?g|gif|webp|svg)$/i;
/** These have places of their own. */
const NO_PICTURES = /^(images|table_images|models?)\//;
const MOST_PICTURES = 60;

/** Images that were logged by key and step. */
export async function collectImageSeries(
  source: ImageSource,
  files: readonly ReportFile[],
  album: ImageAlbum,
  mostBytes: number,
  omissions: Omissions,
): Promise<ImageSeries[]> {
  const byKey = groupShots(files);
  const series: ImageSeries[] = [];
  let left = mostBytes;
  for (const [index, [key, shots]] of [...byKey].entries()) {
    const chosen = shots.flatMap(({ step, whole, preview }) => {
      const file = album.choose(whole, preview);
      return file === undefined ? [] : [{ step, file }];
    });
    const share = left / (byKey.size - index);
    const kept = thinEvenly(chosen, share);
    if (kept.length < shots.length) {
      const why = `${kept.length} of ${shots.length} images are here; the others are too large`;
      omissions.add({ what: "image", runId: source.runId, name: key, why });
    }
    const steps = [];
    for (const { step, file } of kept) {
      const image = await album.embed(source, file.path);
      if (image === undefined) continue;
      steps.push({ step, image });
      left -= file.sizeBytes;
    }
    if (steps.length > 0) series.push({ key: omissions.cut(key), steps });
  }
  return series;
}

function groupShots(files: readonly ReportFile[]): Map<string, Shot[]> {
  const shots = new Map<string, Map<string, Shot>>();
  for (const file of files) {
    const [, name, , step, timestamp, id, small] = SERIES_NAME.exec(file.path) ?? [];
    if (name === undefined || id === undefined) continue;
    const key = name.replaceAll(/[~#]/g, "/");
    const ofKey = shots.get(key) ?? new Map<string, Shot>();
    shots.set(key, ofKey);
    const shot = ofKey.get(id) ?? { step: Number(step), timestamp: Number(timestamp) };
    ofKey.set(id, shot);
    if (small === undefined) shot.whole = file;
    else shot.preview = file;
  }
  const inOrder = (ofKey: Map<string, Shot>) =>
    [...ofKey.values()].sort((a, b) => a.step - b.step || a.timestamp - b.timestamp);
  return new Map([...shots].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, ofKey]) => [key, inOrder(ofKey)]));
}

/** As many of them, evenly, as have no more bytes than there is room; the last one is always among them. */
function thinEvenly<T extends { readonly file: ReportFile }>(shots: readonly T[], mostBytes: number): T[] {
  const total = shots.reduce((sum, { file }) => sum + file.sizeBytes, 0);
  const most = total <= mostBytes ? shots.length : Math.floor((shots.length * mostBytes) / total);
  if (most >= shots.length) return [...shots];
  return Array.from({ length: most }, (_, index) => {
    const at = Math.round(((index + 1) * shots.length) / most) - 1;
    return shots[at] as T;
  });
}

/** Images with files of their own: plots, mostly. */
export async function collectPictures(
  source: ImageSource,
  files: readonly ReportFile[],
  album: ImageAlbum,
  omissions: Omissions,
): Promise<Picture[]> {
  const pictures: Picture[] = [];
  const found = files.filter(({ path }) => IMAGE_NAME.test(path) && !NO_PICTURES.test(path));
  for (const file of found) {
    const omit = (why: string) => omissions.add({ what: "image", runId: source.runId, name: file.path, why });
    if (pictures.length >= MOST_PICTURES) {
      omit(`is one of ${found.length} images with files of their own; ${MOST_PICTURES} are shown`);
      break;
    }
    if (album.choose(file) === undefined) {
      omit(`has ${file.sizeBytes.toLocaleString("en")} bytes`);
      continue;
    }
    const image = await album.embed(source, file.path);
    if (image !== undefined) pictures.push({ path: omissions.cut(file.path), image });
  }
  return pictures;
}
