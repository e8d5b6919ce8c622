import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chunkBytes } from "../../src/s3/store/chunk/write-chunk.ts";
import { RUN_COLUMNS } from "../../src/s3/store/run-columns.ts";
import type { RunHead } from "../../src/s3/store/run-head.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { runPython } from "../support/python.ts";
import { randomFrom, SEED } from "../support/random.ts";
import { awkwardHead } from "../support/run-heads.ts";

interface ChunkInPython {
  readonly format: number;
  readonly ids: readonly string[];
  readonly pandas: readonly string[];
  readonly duckdb: readonly string[];
  readonly columns: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Half a character is no text to DuckDB. */
const wellFormed = (head: RunHead): RunHead =>
  JSON.parse(JSON.stringify(head).replaceAll(String.raw`\ud800`, "half")) as RunHead;

describe.skipIf(leftOut("python"))("a chunk of an index", () => {
  it(`is read by Python, DuckDB and pandas, and by the words of its format (seed ${SEED})`, async () => {
    const random = randomFrom(SEED);
    const heads = Array.from({ length: 200 }, (_, n) => wellFormed(awkwardHead(n, random)));
    const directory = temporaryDirectory();
    const path = join(directory, "chunk.ndjson.gz");
    writeFileSync(path, await chunkBytes(heads, RUN_COLUMNS));
    const read = (await runPython("index_chunk.py", [path], directory)) as ChunkInPython;
    const ids = heads.map(({ id }) => id);
    expect([read.format, read.ids, read.pandas, read.duckdb]).toEqual([1, ids, ids, ids]);
    const wanted = new Map<string, Record<string, unknown>>();
    const put = (name: string, row: number, value: unknown) => {
      if (value !== undefined) wanted.set(name, { ...wanted.get(name), [row]: value });
    };
    for (const [row, head] of heads.entries()) {
      const { id, rev, startTime, deletedIn, isGone, name, status, userId, endTime, artifactUri, latestMetrics } = head;
      for (const [key, value] of Object.entries({ id, rev, startTime, deletedIn, isGone }))
        put(`rows ${key}`, row, value);
      put("rows isOpen", row, latestMetrics === undefined ? true : undefined);
      for (const [key, value] of Object.entries({ name, status, userId, endTime, artifactUri }))
        put(`fields ${key}`, row, value);
      const datasets = head.inputs.map(({ dataset, tags }) => [
        dataset.name,
        dataset.digest,
        tags["mlflow.data.context"] ?? null,
      ]);
      put("fields datasets", row, datasets.length === 0 ? undefined : datasets);
      for (const [key, value] of Object.entries(head.params)) put(`params ${key}`, row, value);
      for (const [key, value] of Object.entries(head.tags)) put(`tags ${key}`, row, value);
      for (const { key, value } of latestMetrics ?? []) put(`metrics ${key}`, row, value);
    }
    expect(new Map(Object.entries(read.columns))).toEqual(wanted);
  });
});
