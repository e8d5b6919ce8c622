import { deflateRawSync, inflateRawSync } from "node:zlib";
import { z } from "zod";
import { noSuchMark } from "../../base/store-errors.ts";
import type { Mark } from "../../contract/batch.ts";
import type { RunMark } from "../../contract/tracking-store.ts";
import { damaged } from "../../disk/storage-errors.ts";
import type { Tag } from "../../schema/param.ts";
import type { RunEntity } from "../../schema/run.ts";

const MARK_TAG = "tidemark.mark.";
const PART_TAG = "tidemark.markPart.";
/** What every version of MLflow keeps whole. */
const MOST_CHARACTERS = 5_000;
/** Keys of many runs, unpacked. What is longer was written by nobody here. */
const MOST_BYTES = 256 << 20;

/** How far a metric had got. */
export interface KeyPosition {
  /** The largest. */
  step: number;
  /** The largest, in milliseconds since 1970. */
  timestamp: number;
}

/** A mark, and how far each metric had got when it was made. */
export interface TaggedMark extends Mark {
  readonly positions: ReadonlyMap<string, KeyPosition>;
}

const headSchema = z.object({
  id: z.string(),
  time: z.number(),
  /** `[step, keys]`: most keys have got as far as others. */
  steps: z.array(z.tuple([z.int(), z.array(z.string())])).optional(),
  /** The largest timestamps where they are later than the mark. */
  late: z.array(z.tuple([z.string(), z.number()])).optional(),
  /** In so many tags of their own where they are too long for one. */
  parts: z.int().positive().max(10_000).optional(),
});
type Head = z.infer<typeof headSchema>;

/** A mark as tags of its run. The one that names it comes last: without it the others say nothing. */
export function tagsOfMark({ name, id, time, positions }: TaggedMark): Tag[] {
  const places = placesOf(time, positions);
  const whole = JSON.stringify({ id, time, ...places });
  if (whole.length <= MOST_CHARACTERS) return [{ key: MARK_TAG + name, value: whole }];
  const packed = deflateRawSync(JSON.stringify(places)).toString("base64");
  const room = MOST_CHARACTERS - id.length - 1;
  const parts = Math.ceil(packed.length / room);
  const tags = Array.from({ length: parts }, (_, part) => ({
    key: partKey(name, part),
    // Parts of a mark that was made anew, and not wholly, are not of one id.
    value: `${id}:${packed.slice(part * room, (part + 1) * room)}`,
  }));
  return [...tags, { key: MARK_TAG + name, value: JSON.stringify({ id, time, parts }) }];
}

/** The marks that tags tell of, oldest first. */
export function taggedMarks(tags: RunEntity["tags"]): RunMark[] {
  return Object.entries(tags)
    .filter(([key]) => key.startsWith(MARK_TAG))
    .flatMap(([key, value]) => {
      const head = readHead(value);
      return head === undefined ? [] : { name: key.slice(MARK_TAG.length), time: head.time };
    })
    .sort((a, b) => a.time - b.time || (a.name < b.name ? -1 : 1));
}

/** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`; `DATA_DAMAGED` for one that is not whole */
export function findTaggedMark({ id: runId, tags }: RunEntity, name: string): TaggedMark {
  const head = readHead(tags[MARK_TAG + name]);
  if (head === undefined) {
    throw noSuchMark(
      runId,
      name,
      taggedMarks(tags).map((mark) => mark.name),
    );
  }
  const { id, time, steps = [], late = [] } = head.parts === undefined ? head : withParts(head, tags, name);
  const positions = new Map<string, KeyPosition>(
    steps.flatMap(([step, keys]) => keys.map((key) => [key, { step, timestamp: time }] as const)),
  );
  for (const [key, timestamp] of late) {
    const position = positions.get(key);
    if (position !== undefined) position.timestamp = timestamp;
  }
  return { name, id, time, positions };
}

/** The tags of a run without the marks behind one of them. */
export function withoutLaterMarks(run: RunEntity, mark: TaggedMark): Record<string, string> {
  const { tags } = run;
  const isBehind = ({ name, time }: RunMark) =>
    time > mark.time || (time === mark.time && goesBeyond(findTaggedMark(run, name), mark));
  const later = taggedMarks(tags).filter(isBehind);
  const dropped = new Set(later.map(({ name }) => name));
  const nameOf = (key: string) => {
    if (key.startsWith(MARK_TAG)) return key.slice(MARK_TAG.length);
    return key.startsWith(PART_TAG) ? key.slice(key.indexOf(".", PART_TAG.length) + 1) : undefined;
  };
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !dropped.has(nameOf(key) ?? "")));
}

/** Two marks of one moment: whether one has values that the other has not. */
const goesBeyond = (a: TaggedMark, b: TaggedMark): boolean =>
  [...a.positions].some(([key, { step }]) => step > (b.positions.get(key)?.step ?? Number.NEGATIVE_INFINITY));

const partKey = (name: string, part: number): string => `${PART_TAG}${part}.${name}`;

function placesOf(time: number, positions: ReadonlyMap<string, KeyPosition>): Pick<Head, "steps" | "late"> {
  const steps = new Map<number, string[]>();
  for (const [key, { step }] of positions) {
    const keys = steps.get(step) ?? [];
    keys.push(key);
    steps.set(step, keys);
  }
  const late = [...positions].filter(([, { timestamp }]) => timestamp > time);
  return {
    steps: [...steps],
    ...(late.length === 0 ? {} : { late: late.map(([key, { timestamp }]): [string, number] => [key, timestamp]) }),
  };
}

function readHead(text: string | undefined): Head | undefined {
  if (text === undefined) return undefined;
  try {
    return headSchema.parse(JSON.parse(text));
  } catch {
    // Somebody else's tag.
    return undefined;
  }
}

function withParts(head: Head, tags: RunEntity["tags"], name: string): Head {
  const texts = Array.from({ length: head.parts ?? 0 }, (_, part) => tags[partKey(name, part)] ?? "");
  try {
    if (!texts.every((text) => text.startsWith(`${head.id}:`))) throw new RangeError("its parts are of several marks");
    const packed = Buffer.from(texts.map((text) => text.slice(head.id.length + 1)).join(""), "base64");
    const unpacked = inflateRawSync(packed, { maxOutputLength: MOST_BYTES }).toString();
    return headSchema.parse({ ...(JSON.parse(unpacked) as object), id: head.id, time: head.time });
  } catch (error) {
    throw damaged(`the tag ${MARK_TAG}${name}`, "and its parts are not a whole mark", error);
  }
}
