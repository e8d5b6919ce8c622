import type { MetricHistory } from "../../schema/metric.ts";
import { unpackColumns } from "../curves/column-bytes.ts";
import { type CurvePlace, type EmbeddedImage, POINT_COLUMNS, type ReportPayload, SUMMARY_COLUMNS } from "../payload.ts";
import { breathe } from "./breathe.ts";

const textOf = (id: string): string => document.getElementById(id)?.textContent ?? "";

export const readPayload = (): ReportPayload => JSON.parse(textOf("report")) as ReportPayload;

function bytesOf(id: string): Uint8Array<ArrayBuffer> {
  const binary = atob(textOf(id));
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

async function columnsOf(id: string, count: number): Promise<Float64Array[]> {
  const inflated = new Blob([bytesOf(id)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const packed = new Uint8Array(await new Response(inflated).arrayBuffer());
  await breathe();
  return unpackColumns(packed, count);
}

/** What is said of a curve as a whole. */
export type CurveSummary = Readonly<Record<(typeof SUMMARY_COLUMNS)[number], number>>;

/** Of all curves, in their order. */
export async function readSummaries(payload: ReportPayload): Promise<CurveSummary[]> {
  const columns = await columnsOf("summary", SUMMARY_COLUMNS.length);
  return payload.curves.map(
    (_, at) => Object.fromEntries(SUMMARY_COLUMNS.map((name, index) => [name, columns[index]?.[at]])) as CurveSummary,
  );
}

/** Neighbours share blocks, and are looked at one after the other. */
const BLOCKS_KEPT = 4;
const blocks = new Map<number, Promise<Float64Array[]>>();

function blockAt(index: number): Promise<Float64Array[]> {
  const block = blocks.get(index) ?? columnsOf(`points-${index}`, POINT_COLUMNS.length);
  blocks.delete(index);
  blocks.set(index, block);
  for (const old of blocks.keys()) if (blocks.size > BLOCKS_KEPT) blocks.delete(old);
  return block;
}

/** The points of a curve, read in slices. */
export async function readPoints({ pointsPerBlock }: ReportPayload, place: CurvePlace): Promise<MetricHistory> {
  const { start, length } = place;
  const columns = POINT_COLUMNS.map(() => new Float64Array(length));
  for (let at = start; at < start + length; ) {
    const index = Math.floor(at / pointsPerBlock);
    await breathe();
    const block = await blockAt(index);
    const from = at - index * pointsPerBlock;
    const to = Math.min(pointsPerBlock, start + length - index * pointsPerBlock);
    for (const [column, values] of columns.entries()) values.set(block[column]?.subarray(from, to) ?? [], at - start);
    at += to - from;
  }
  const [steps, timestamps, values] = columns as [Float64Array, Float64Array, Float64Array];
  return { steps, timestamps, values };
}

const addresses = new Map<number, string>();

/** An address of an image in the file. Its type was told by its bytes, and is never one that a browser runs. */
export function imageAddress({ element, type }: EmbeddedImage): string {
  const known = addresses.get(element);
  if (known !== undefined) return known;
  const address = URL.createObjectURL(new Blob([bytesOf(`image-${element}`)], { type }));
  addresses.set(element, address);
  return address;
}
