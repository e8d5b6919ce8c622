import { describe, expect, it, onTestFinished, vi } from "vitest";
import { connect, type Run, startRun } from "../../../../src/index.ts";
import { memoryBackend } from "../../../../src/memory/index.ts";

const open = async () => {
  const client = await connect(memoryBackend());
  const run = await startRun({ client, captureEnvironment: false });
  return { client, run, runId: run.id };
};
const readText = async (client: Awaited<ReturnType<typeof open>>["client"], runId: string, path: string) =>
  new TextDecoder().decode(await client.artifacts.read({ runId, path }));
const refused = (argument: string) =>
  expect.objectContaining({ code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining(argument) });
const pixels = { data: new Uint8Array(4), width: 2, height: 2 };

describe("logTable", () => {
  it("writes rows as pandas' split form, with null for what is missing or not a number", async () => {
    const { client, run, runId } = await open();
    const rows = [
      { text: 'a "b"', score: 0.5, ok: true },
      { score: Number.NaN, extra: { deep: [1, undefined, Number.POSITIVE_INFINITY] }, text: undefined },
      { list: new Float32Array([1, 0.5]), at: new Date(0) },
    ];
    await run.logTable(rows, "tables/result.json");
    await run.end();
    expect(JSON.parse(await readText(client, runId, "tables/result.json"))).toEqual({
      columns: ["text", "score", "ok", "extra", "list", "at"],
      data: [
        ['a "b"', 0.5, true, null, null, null],
        [null, null, null, { deep: [1, null, null] }, null, null],
        [null, null, null, null, [1, 0.5], "1970-01-01T00:00:00.000Z"],
      ],
    });
    const { tags } = await client.runs.get(runId);
    expect(JSON.parse(tags["mlflow.loggedArtifacts"] as string)).toEqual([
      { path: "tables/result.json", type: "table" },
    ]);
  });

  it("has no value for a column that every object inherits", async () => {
    const { client, run, runId } = await open();
    const row: Record<string, unknown> = { toString: "own" };
    await run.logTable([row, {}], "t.json");
    await run.end();
    expect(await readText(client, runId, "t.json")).toBe('{"columns":["toString"],"data":[["own"],[null]]}');
  });

  it("takes columns, typed ones too", async () => {
    const { client, run, runId } = await open();
    await run.logTable({ text: ["a", "b"], loss: new Float64Array([0.1, 0.2]) }, "t.json");
    await run.logTable({}, "empty.json");
    await run.logTable([], "none.json");
    await run.end();
    expect(await readText(client, runId, "t.json")).toBe('{"columns":["text","loss"],"data":[["a",0.1],["b",0.2]]}');
    expect(await readText(client, runId, "empty.json")).toBe('{"columns":[],"data":[]}');
    expect(await readText(client, runId, "none.json")).toBe('{"columns":[],"data":[]}');
  });

  it("appends: columns of both, null where there is none; concurrent calls lose nothing", async () => {
    const { client, run, runId } = await open();
    await run.logTable([{ a: 1, b: 2 }], "t.json");
    await run.logTable([{ c: 5, b: 4 }], "t.json");
    expect(JSON.parse(await readText(client, runId, "t.json"))).toEqual({
      columns: ["a", "b", "c"],
      data: [
        [1, 2, null],
        [null, 4, 5],
      ],
    });
    const calls = Array.from({ length: 20 }, (_, i) =>
      Promise.all([run.logTable([{ i }], "many.json"), run.logTable([{ i }], `one-${i}.json`)]),
    );
    await run.end();
    await Promise.all(calls);
    expect(JSON.parse(await readText(client, runId, "many.json")).data.flat()).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
    const tag = JSON.parse((await client.runs.get(runId)).tags["mlflow.loggedArtifacts"] as string);
    expect(tag.map(({ path }: { path: string }) => path).sort()).toEqual(
      ["t.json", "many.json", ...Array.from({ length: 20 }, (_, i) => `one-${i}.json`)].sort(),
    );
  });

  it("copies what it is given before it returns", async () => {
    const { client, run, runId } = await open();
    const rows = [{ a: 1, list: [1] }];
    const logged = run.logTable(rows, "t.json");
    rows[0] = { a: 2, list: [2] };
    rows.push({ a: 3, list: [] });
    await logged;
    await run.end();
    expect(await readText(client, runId, "t.json")).toBe('{"columns":["a","list"],"data":[[1,[1]]]}');
  });

  it("keeps every digit of 64-bit integers, logged and found", async () => {
    const { client, run, runId } = await open();
    const found =
      '{"columns":["id","text"],"data":[[9007199254740993,"\\\\\\"1234567890123456789, [12345678901234567890"]]}';
    await run.logText(found, "t.json");
    await run.logTable([{ id: 2n ** 64n - 1n, text: 2 ** 70 }], "t.json");
    await run.end();
    expect(await readText(client, runId, "t.json")).toBe(
      `${found.slice(0, -2)},[18446744073709551615,1.1805916207174113e+21]]}`,
    );
  });

  it("keeps what a resumed run's tag lists, and adds a table once", async () => {
    const { client, run, runId } = await open();
    run.setTag("mlflow.loggedArtifacts", '[{"path": "theirs.json", "type": "table"}, {"type": "other"}]');
    await run.end();
    const resumed = await startRun({ client, runId, captureEnvironment: false });
    await resumed.logTable([{ a: 1 }], "theirs.json");
    await resumed.logTable([{ a: 1 }], "ours.json");
    await resumed.logTable([{ a: 1 }], "ours.json");
    await resumed.end();
    expect(JSON.parse((await client.runs.get(runId)).tags["mlflow.loggedArtifacts"] as string)).toEqual([
      { path: "theirs.json", type: "table" },
      { type: "other" },
      { path: "ours.json", type: "table" },
    ]);
  });

  it("puts images into files of their own", async () => {
    const { client, run, runId } = await open();
    await run.logTable([{ image: pixels, label: 1 }, { label: 2 }], "dir/t.v1.json");
    await run.end();
    const [[image, label], [missing]] = JSON.parse(await readText(client, runId, "dir/t.v1.json")).data;
    expect([image.type, label, missing]).toEqual(["image", 1, null]);
    expect(image.filepath).toMatch(/^table_images\/dir\/t\.v1\/[0-9a-f-]{36}\.png$/);
    expect(image.compressed_filepath).toBe(image.filepath.replace(".png", "+compressed.png"));
    for (const path of [image.filepath, image.compressed_filepath]) {
      expect((await client.artifacts.read({ runId, path })).subarray(1, 4)).toEqual(Buffer.from("PNG"));
    }
  });

  it.each<[string, (run: Run) => Promise<void>, string]>([
    ["no rows", (run) => run.logTable(1 as never, "t.json"), "rows"],
    ["a row that is none", (run) => run.logTable([{ a: 1 }, 2] as never, "t.json"), "rows.1"],
    ["a column that is none", (run) => run.logTable({ a: 1 } as never, "t.json"), "rows.a"],
    ["columns of unequal length", (run) => run.logTable({ a: [1, 2], b: [1] }, "t.json"), "rows.b"],
    ["a function", (run) => run.logTable([{ f: () => 1 }], "t.json"), "rows.0.f"],
    ["a function inside", (run) => run.logTable([{ f: [() => 1] }], "t.json"), "rows.0.f"],
    ["an integer over 64 bits", (run) => run.logTable([{ n: 2n ** 64n }], "t.json"), "rows.0.n"],
    ["a circle", (run) => run.logTable([{ c: Object.assign([], [[]]).map(circle) }], "t.json"), "rows.0.c"],
    ["images among others", (run) => run.logTable([{ i: pixels }, { i: "x" }], "t.json"), "rows.1.i"],
    ["a bad image", (run) => run.logTable([{ i: { ...pixels, width: 3 } }], "t.json"), "rows.0.i"],
    ["a path that climbs", (run) => run.logTable([], "../t.json"), ".."],
    ["parquet", (run) => run.logTable([], "t.parquet"), ".json"],
    ["a path that MLflow refuses", (run) => run.logTable([], "a,b.json"), "path"],
  ])("refuses %s", async (_, call, argument) => {
    const { client, run, runId } = await open();
    await expect(call(run)).rejects.toEqual(refused(argument));
    await run.end();
    expect(await client.artifacts.list({ runId })).toEqual([]);
  });

  it.each(['{"a":1}', "no JSON", '{"columns":["a"],"data":[[1,2]]}', "[]"])(
    "keeps a file that is no table: %s",
    async (text) => {
      const { client, run, runId } = await open();
      await run.logText(text, "t.json");
      await expect(run.logTable([{ a: 1 }], "t.json")).rejects.toMatchObject({ code: "DATA_DAMAGED" });
      await run.end();
      expect(await readText(client, runId, "t.json")).toBe(text);
    },
  );

  it("tells when the tag is damaged or full", async () => {
    const { run } = await open();
    run.setTag("mlflow.loggedArtifacts", "{}");
    await run.flush();
    await expect(run.logTable([], "t.json")).rejects.toMatchObject({ code: "DATA_DAMAGED" });
    run.setTag("mlflow.loggedArtifacts", JSON.stringify(["x".repeat(7_980)]));
    await run.flush();
    await expect(run.logTable([], "t.json")).rejects.toEqual(refused("8000"));
    await run.end();
  });

  it("keeps nothing while TIDEMARK_DISABLED is set", async () => {
    vi.stubEnv("TIDEMARK_DISABLED", "1");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { run } = await open();
    await run.logTable([{ a: 1 }], "t.json");
    await run.logImage(pixels, { key: "k" });
    await run.end();
  });
});

function circle(value: unknown[]): unknown[] {
  value.push(value);
  return value;
}
