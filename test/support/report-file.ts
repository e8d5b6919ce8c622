import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { unpackColumns } from "../../src/report/curves/column-bytes.ts";
import { type EmbeddedImage, POINT_COLUMNS, type ReportPayload, SUMMARY_COLUMNS } from "../../src/report/payload.ts";

/** A page as a browser finds it. */
export function readPage(file: string) {
  const html = readFileSync(file, "utf8");
  const data = new Map(
    [...html.matchAll(/<script type="[^"]+" id="([^"]+)">(.*?)<\/script>/gs)].map(([, id = "", text = ""]) => [
      id,
      text,
    ]),
  );
  const columns = (id: string, count: number) =>
    unpackColumns(inflateSync(Buffer.from(data.get(id) ?? "", "base64")), count);
  const payload = JSON.parse(data.get("report") ?? "") as ReportPayload;
  /** All values of a curve. */
  const curve = (key: string, run = 0) => {
    const place = payload.curves.find((one) => payload.metricKeys[one.key] === key && one.run === run);
    if (place === undefined) throw new Error(`no curve ${key} of run ${run}`);
    const ids = [...data.keys()].filter((id) => id.startsWith("points-"));
    const blocks = ids.map((id) => columns(id, POINT_COLUMNS.length));
    const [steps, timestamps, values] = POINT_COLUMNS.map((_, index) =>
      blocks.flatMap((block) => [...(block[index] as Float64Array)]).slice(place.start, place.start + place.length),
    );
    const at = payload.curves.indexOf(place);
    const numbers = columns("summary", SUMMARY_COLUMNS.length).map((column) => column[at]);
    const summary = Object.fromEntries(SUMMARY_COLUMNS.map((name, index) => [name, numbers[index]]));
    return { place, steps, timestamps, values: values as number[], summary };
  };
  /** The bytes of an image. */
  const image = ({ element }: EmbeddedImage) => Buffer.from(data.get(`image-${element}`) ?? "", "base64");
  return { html, data, payload, curve, image };
}
