import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { connect, startRun } from "../../src/index.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { runPython } from "../support/python.ts";

interface PythonMedia {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly images: Readonly<Record<string, { mode: string; size: readonly number[]; pixels: readonly number[] }>>;
  readonly tags: Readonly<Record<string, string>>;
}

const TABLE = "tables/answers.json";

async function openRun() {
  const directory = temporaryDirectory();
  const mlruns = join(directory, "mlruns");
  const client = await connect(mlruns);
  const run = await startRun({ client, experiment: "media", captureEnvironment: false });
  const python = (script: string) => runPython(script, [pathToFileURL(mlruns).href, run.id, TABLE], directory);
  return { run, read: async () => (await python("read_media.py")) as PythonMedia, python };
}

describe.skipIf(leftOut("python"))("Python MLflow", () => {
  it("loads our tables, also grown ones", async () => {
    const { run, read } = await openRun();
    await run.logTable([{ text: 'a "b" \\ ключ 🎯', score: 0.1 }, { text: null }], TABLE);
    await run.logTable({ id: [2n ** 63n - 1n], score: [1e300], list: [[1, { deep: null }]] }, TABLE);
    await run.end();
    const theirs = await read();
    expect(theirs.columns).toEqual(["text", "score", "id", "list"]);
    expect(theirs.rows.map((row) => row.filter((_, column) => column !== 2))).toEqual([
      ['a "b" \\ ключ 🎯', 0.1, null],
      [null, null, null],
      [null, 1e300, [1, { deep: null }]],
    ]);
  });

  it("reads the pixels of our images, every kind of them", async () => {
    const { run, read } = await openRun();
    const size = { width: 3, height: 2 };
    const kinds = { L: 1, RGB: 3, RGBA: 4 } as const;
    const dataOf = (channels: number) => Uint8Array.from({ length: 6 * channels }, (_, i) => (i * 37) % 256);
    for (const channels of Object.values(kinds)) {
      await run.logImage({ ...size, data: dataOf(channels) }, `${channels}.png`);
    }
    const big = { width: 700, height: 350, data: new Uint8Array(700 * 350).fill(9) };
    await run.logTable([{ image: big }], TABLE);
    await run.end();
    const { images, rows } = await read();
    for (const [mode, channels] of Object.entries(kinds)) {
      expect(images[`${channels}.png`]).toEqual({ mode, size: [3, 2], pixels: [...dataOf(channels)] });
    }
    const [[cell]] = rows as [[{ type: string; filepath: string; compressed_filepath: string }]];
    expect(cell.type).toBe("image");
    expect(images[cell.filepath]?.size).toEqual([700, 350]);
    expect(images[cell.compressed_filepath]?.size).toEqual([256, 128]);
    expect(images[cell.compressed_filepath]?.pixels.every((pixel) => pixel === 9)).toBe(true);
  });

  it("and Tidemark add to one table and one series of images in turns", async () => {
    const { run, read, python } = await openRun();
    const mine = { data: new Uint8Array(4), width: 2, height: 2 };
    await run.logTable([{ text: "from tidemark", image: mine }], TABLE);
    const given = (await python("write_media.py")) as { floats: readonly number[]; wide: readonly number[] };
    for (const [name, values] of Object.entries(given)) {
      const data = Float32Array.from(values);
      await run.logImage({ data, width: 32, height: 16 }, { key: `tidemark/${name}`, step: 2 });
    }
    await run.logTable([{ text: "from tidemark again", image: mine }], TABLE);
    await run.end();
    const { columns, rows, images, tags } = await read();
    expect([...columns].sort()).toEqual(["id", "image", "text"]);
    expect(rows.map((row) => row[columns.indexOf("text")])).toEqual([
      "from tidemark",
      "from python",
      "from tidemark again",
    ]);
    expect(tags).toEqual({
      "mlflow.loggedImages": "True",
      "mlflow.loggedArtifacts": expect.stringContaining(TABLE),
    });
    expect(JSON.parse(tags["mlflow.loggedArtifacts"] as string)).toEqual([{ path: TABLE, type: "table" }]);

    // Names: what Python's become when all that differs from call to call is taken out is what ours become.
    const shape = (path: string) =>
      path
        .replace(/^images\/(python|tidemark)/, "images/KEY")
        .replace(/\+\d{13}\+/, "+TIME+")
        .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, "UUID")
        .replace(/\.webp$/, ".png");
    const shapes = (writer: string) =>
      Object.keys(images)
        .filter((path) => path.startsWith(`images/${writer}`))
        .map(shape)
        .sort();
    expect(shapes("tidemark")).toHaveLength(4);
    expect(shapes("tidemark")).toEqual(shapes("python"));
    const cells = rows.map((row) => row[columns.indexOf("image")]) as { filepath: string }[];
    expect(new Set(cells.map((cell) => Object.keys(cell).sort().join())).size).toBe(1);
    expect(new Set(cells.map(({ filepath }) => shape(filepath))).size).toBe(1);

    // Pixels: the same floats became the same bytes.
    const full = (start: string) =>
      Object.entries(images).find(([path]) => path.startsWith(`images/${start}`) && !path.includes("compressed"))?.[1];
    for (const name of Object.keys(given)) {
      expect(full(`python~${name}`)).toMatchObject({ mode: "L", size: [32, 16] });
      expect(full(`tidemark~${name}`)).toEqual(full(`python~${name}`));
    }
  });
});
