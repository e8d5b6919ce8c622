import { deflateRawSync } from "node:zlib";
import type { Mark } from "../../contract/batch.ts";
import type { Tag } from "../../schema/param.ts";

export const MARK_TAG = "tidemark.mark.";
export const PART_TAG = "tidemark.markPart.";
/** What every version of MLflow keeps whole. */
const MOST_CHARACTERS = 5_000;

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

/** Whether a tag is (a part of) a mark: nothing for people to read. */
export const isMarkTag = (key: string): boolean => key.startsWith(MARK_TAG) || key.startsWith(PART_TAG);

/** How far metrics had got, as a tag has it. */
interface MarkedPlaces {
  /** `[step, keys]`: most keys have got as far as others. */
  readonly steps: readonly (readonly [step: number, keys: readonly string[]])[];
  /** The largest timestamps where they are later than the mark. */
  readonly late?: readonly (readonly [key: string, timestamp: number])[];
}

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

export const partKey = (name: string, part: number): string => `${PART_TAG}${part}.${name}`;

function placesOf(time: number, positions: ReadonlyMap<string, KeyPosition>): MarkedPlaces {
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
