import { describe, expect, it } from "vitest";
import type { ListedSegment } from "../../../../src/s3/metrics/live-files.ts";
import {
  cutsAfter,
  isDropped,
  marked,
  partsOf,
  rewound,
  settledParts,
  withoutCut,
} from "../../../../src/s3/metrics/log-parts.ts";
import { compactedName, type Manifest, type ManifestChange } from "../../../../src/s3/metrics/manifest.ts";
import { withPart } from "../../../../src/s3/metrics/metric-rows.ts";
import { batchOf } from "../../../support/metric-batches.ts";

const NEW: Manifest = { format: 1, rev: 7, op: "", hwm: {}, objs: [] };

const segment = (writer: string, sequence: number): ListedSegment => ({
  writer,
  sequence,
  rowCount: 1,
  object: { key: "", sizeBytes: 1, etag: "", lastModified: new Date(0) } as never,
});
const mark = (name: string, id = name) => ({ name, id, time: 1 });
const written = ({ rev }: Manifest, next: ManifestChange | undefined): Manifest => {
  if (next === undefined) throw new Error("nothing was to be written");
  return { format: 2, rev: rev + 1, op: "", ...next };
};
const rewind = (manifest: Manifest, live: readonly ListedSegment[], name: string, id = name) =>
  written(manifest, rewound(manifest, live, { mark: name }, { id: `rewind ${id}`, runId: "r" }));

describe("the parts of a log", () => {
  it("end with what was listed at the mark, writer by writer", () => {
    const first = written(NEW, marked(NEW, [segment("a", 3), segment("a", 2), segment("b", 1)], mark("one")));
    const second = written(first, marked(first, [segment("a", 4), segment("b", 1)], mark("two")));
    const partOf = partsOf(second);
    const parts = [
      ["a", 1],
      ["a", 3],
      ["a", 4],
      ["a", 5],
      ["b", 1],
      ["b", 2],
      ["c", 1],
    ] as const;
    expect(parts.map(([writer, sequence]) => partOf(segment(writer, sequence)))).toEqual([0, 0, 1, 2, 0, 2, 2]);
  });

  it("are not changed by a mark that comes twice, and are by one of its name", () => {
    const first = written(NEW, marked(NEW, [], mark("one", "id 1")));
    expect(marked(first, [], mark("one", "id 1"))).toBeUndefined();
    const moved = written(first, marked(first, [], mark("one", "id 2")));
    expect(moved.marks).toEqual([{ name: "one", time: 1, part: 1 }]);
    expect(moved.part).toBe(2);
  });

  it("behind a mark are dropped, with the marks there, and nothing that comes later", () => {
    let manifest = written(NEW, marked(NEW, [segment("a", 1)], mark("one")));
    manifest = written(manifest, marked(manifest, [segment("a", 2)], mark("two")));
    manifest = rewind(manifest, [segment("a", 3)], "one");
    const partOf = partsOf(manifest);
    const dropped = [1, 2, 3, 4].filter((sequence) => isDropped(manifest, partOf(segment("a", sequence))));
    expect(dropped).toEqual([2, 3]);
    expect(manifest.marks?.map(({ name }) => name)).toEqual(["one"]);
    expect(manifest.rewinds).toBe(1);
    expect(() => rewind(manifest, [], "two")).toThrow(/no mark "two": it has "one"/);
  });

  it("leave no trace when all is put together, however often a mark has moved", () => {
    let manifest = NEW;
    for (let n = 1; n <= 500; n++) {
      manifest = written(manifest, marked(manifest, [segment("a", n)], mark("last", String(n))));
      if (n % 10 === 0) manifest = rewind(manifest, [segment("a", n)], "last", String(n));
      if (n % 50 !== 0) continue;
      const objs = [{ name: compactedName(manifest.rev + 1), rows: 1, bytes: 1 }];
      const hwm = { a: n };
      manifest = written(manifest, { hwm, objs, ...settledParts(manifest, { hwm, objs }) });
      expect(manifest).toMatchObject({ ends: [], cuts: [] });
    }
    expect(manifest.marks).toHaveLength(1);
    expect(manifest.ids?.length).toBeLessThanOrEqual(64);
  });

  it("keep a cut as long as a file or a segment is older than it", () => {
    const objs = [{ name: compactedName(3), rows: 1, bytes: 1 }];
    let manifest = written({ ...NEW, objs }, marked({ ...NEW, objs }, [], mark("one")));
    manifest = rewind(manifest, [segment("a", 2)], "one");
    const newer = { name: compactedName(manifest.rev + 1), rows: 1, bytes: 1 };
    const cuts = (objs: Manifest["objs"], hwm: Manifest["hwm"]) => settledParts(manifest, { hwm, objs }).cuts?.length;
    expect(cuts([...objs, newer], { a: 2 })).toBe(1);
    expect(cuts([newer], { a: 1 })).toBe(1);
    expect(cuts([newer], { a: 2 })).toBe(0);
    expect(cutsAfter(manifest, { name: objs[0]?.name ?? "" })).toHaveLength(1);
    expect(cutsAfter(manifest, newer)).toHaveLength(0);
  });

  it("are told by rows: only those of a cut's parts, keys and steps go", () => {
    const [columns, series] = batchOf(
      ["loss", "__proto__"].flatMap((key) => [1, 2, 3].map((step) => ({ key, step, value: step, timestamp: 1 }))),
    );
    const left = (part: number) => {
      const cut = { rev: 1, from: 0, to: 2, steps: [["__proto__", 2]] as [string, number][] };
      const rows = withoutCut(withPart({ series, columns }, part), [cut]);
      return Array.from(
        rows.columns.steps,
        (step, at) => `${rows.series[rows.columns.seriesIds[at] as number]?.key} ${step}`,
      );
    };
    expect(left(2)).toEqual(["loss 1", "loss 2", "loss 3", "__proto__ 1"]);
    expect(left(3)).toHaveLength(6);
  });
});
