import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { connect, type LoggableImage, type Run, startRun } from "../../../../src/index.ts";
import { memoryBackend } from "../../../../src/memory/index.ts";
import { decodePng } from "../../../../src/tracking/media/png-decoder.ts";
import { pngFile } from "../../../support/png-file.ts";

const open = async () => {
  const client = await connect(memoryBackend());
  const run = await startRun({ client, captureEnvironment: false });
  return { client, run, runId: run.id };
};
const refused = (argument: string) =>
  expect.objectContaining({ code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining(argument) });

const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 1, 0, 2, 1, 1, 0x11, 0, 0xff, 0xd9);
const grey = (width: number, height: number) => ({ data: new Uint8Array(width * height).fill(7), width, height });

/** What becomes of an image on its way through a file. */
async function stored(image: LoggableImage) {
  const { client, run, runId } = await open();
  await run.logImage(image, "image.png");
  await run.end();
  return await decodePng(await client.artifacts.read({ runId, path: "image.png" }));
}

describe("an image with a key", () => {
  it("goes where MLflow's UI looks for it, with a small variant and the tag", async () => {
    const { client, run, runId } = await open();
    await run.logImage(grey(2, 2), { key: "val/sample 1.x", step: 3, timestamp: 1_700_000_000_123 });
    await run.logImage(grey(600, 300), { key: "big" });
    await run.end();
    const paths = (await client.artifacts.list({ runId, path: "images" })).map(({ path }) => path);
    expect(paths.length).toBe(4);
    const uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
    expect(paths[0]).toMatch(new RegExp(`^images/big\\+step\\+0\\+timestamp\\+\\d{13}\\+${uuid}\\+compressed\\.png$`));
    expect(paths[1]).toBe(paths[0]?.replace("+compressed", ""));
    expect(paths[3]).toMatch(
      new RegExp(`^images/val~sample 1\\.x\\+step\\+3\\+timestamp\\+1700000000123\\+${uuid}\\.png$`),
    );
    expect(paths[2]).toBe(paths[3]?.replace(".png", "+compressed.png"));
    const sizes = await Promise.all(
      paths.map(async (path) => {
        const bitmap = await decodePng(await client.artifacts.read({ runId, path }));
        return [bitmap?.width, bitmap?.height];
      }),
    );
    expect(sizes).toEqual([
      [256, 128],
      [600, 300],
      [2, 2],
      [2, 2],
    ]);
    expect((await client.runs.get(runId)).tags["mlflow.loggedImages"]).toBe("True");
  });

  it("is waited for by the end", async () => {
    const { client, run, runId } = await open();
    for (let step = 0; step < 5; step++) void run.logImage(grey(300, 300), { key: "k", step });
    await run.end();
    expect((await client.artifacts.list({ runId, path: "images" })).length).toBe(10);
  });

  it("cannot be the first one after the end", async () => {
    const { client, run, runId } = await open();
    await run.end();
    await expect(run.logImage(grey(2, 2), { key: "k" })).rejects.toMatchObject({ code: "RUN_ENDED" });
    expect(await client.artifacts.list({ runId })).toEqual([]);
  });

  it("that cannot be decoded here is its own small variant", async () => {
    const deep = pngFile({ width: 300, height: 300, colorType: 0, bitDepth: 16, rows: [0] });
    const plain = pngFile({ width: 300, height: 1, colorType: 0, rows: new Array(301).fill(0) });
    const { client, run, runId } = await open();
    for (const image of [JPEG, deep, plain]) await run.logImage(image, { key: "k", timestamp: 1 });
    await run.end();
    const files = await client.artifacts.list({ runId, path: "images" });
    const sizes = files.map(({ sizeBytes }) => sizeBytes).sort();
    expect(sizes.filter((size) => size === JPEG.length).length).toBe(2);
    expect(sizes.filter((size) => size === deep.length).length).toBe(2);
    expect(new Set(sizes).size).toBe(4);
  });
});

describe("pixels", () => {
  it("are copied before the call returns", async () => {
    const { client, run, runId } = await open();
    const image = grey(2, 1);
    const logged = run.logImage(image, "image.png");
    image.data.fill(0);
    await logged;
    await run.end();
    const bitmap = await decodePng(await client.artifacts.read({ runId, path: "image.png" }));
    expect(bitmap).toEqual({ width: 2, height: 1, channels: 1, data: Uint8Array.of(7, 7) });
  });

  it.each<[string, LoggableImage, number, readonly number[]]>([
    ["of a canvas", { data: Uint8ClampedArray.of(1, 2, 3, 4), width: 1, height: 1 }, 4, [1, 2, 3, 4]],
    ["as floats", { data: Float32Array.of(0, 0.5, 1), width: 1, height: 1, channels: 3 }, 3, [0, 127, 255]],
    ["as floats beyond 0 to 1", { data: Float32Array.of(-1, 0, 3), width: 3, height: 1 }, 1, [0, 63, 255]],
    ["as floats all alike", { data: Float32Array.of(5, 5), width: 2, height: 1 }, 1, [0, 0]],
    [
      "in a tensor",
      tf.tensor2d([
        [0, 1],
        [0.5, 0.25],
      ]),
      1,
      [0, 255, 127, 63],
    ],
    ["in a tensor of integers", tf.tensor3d([[[1, 2, 255]]], undefined, "int32"), 3, [1, 2, 255]],
    ["in a tensor of booleans", tf.tensor3d([[[1], [0]]], undefined, "bool"), 1, [255, 0]],
  ])("%s become bytes as in MLflow", async (_, image, channels, data) => {
    expect(await stored(image)).toMatchObject({ channels, data: Uint8Array.from(data) });
  });
});

describe("files", () => {
  it("are kept as they are", async () => {
    const { client, run, runId } = await open();
    const png = pngFile({ width: 1, height: 1, colorType: 0, rows: [0, 1] });
    await run.logImage(png, "a/plot.png");
    await run.logImage(JPEG, "a/photo.JPG");
    await run.end();
    expect(Buffer.from(await client.artifacts.read({ runId, path: "a/plot.png" }))).toEqual(png);
    expect(await client.artifacts.read({ runId, path: "a/photo.JPG" })).toEqual(JPEG);
    expect((await client.runs.get(runId)).tags["mlflow.loggedImages"]).toBeUndefined();
  });
});

const disposed = tf.zeros([2, 2]);
disposed.dispose();

it.each<[string, (run: Run) => Promise<void>, string]>([
  ["nothing", (run) => run.logImage(undefined as never, "a.png"), "image"],
  ["a path as image", (run) => run.logImage("a.png" as never, "a.png"), "image"],
  ["bytes of no image", (run) => run.logImage(new Uint8Array(100), "a.png"), "PNG or JPEG"],
  ["a header that claims too much", (run) => run.logImage(hugePng(), "a.png"), "67108864 pixels"],
  [
    "a header of no pixels",
    (run) => run.logImage(pngFile({ width: 0, height: 1, colorType: 0, rows: [] }), "a.png"),
    "0 x 1",
  ],
  ["pixels that are too few", (run) => run.logImage({ ...grey(2, 2), height: 3 }, "a.png"), "image.data"],
  ["channels that do not fit", (run) => run.logImage({ ...grey(2, 2), channels: 3 }, "a.png"), "image.data"],
  ["two channels", (run) => run.logImage({ data: new Uint8Array(8), width: 2, height: 2 }, "a.png"), "image.data"],
  ["a width that is none", (run) => run.logImage({ ...grey(2, 2), width: 0.5 }, "a.png"), "0.5 x 2"],
  ["integers over 255", (run) => run.logImage(tf.tensor2d([[256]], undefined, "int32"), "a.png"), "256"],
  ["floats that are none", (run) => run.logImage(tf.tensor2d([[Number.NaN]]), "a.png"), "NaN"],
  ["a tensor of another shape", (run) => run.logImage(tf.zeros([2, 2, 2]), "a.png"), "tensor of shape"],
  ["a tensor of text", (run) => run.logImage(tf.tensor2d([["a"]]), "a.png"), "image.data"],
  ["a tensor that is disposed", (run) => run.logImage(disposed, "a.png"), "disposed"],
  ["a path that climbs", (run) => run.logImage(grey(1, 1), "../a.png"), ".."],
  ["a name for another kind of file", (run) => run.logImage(grey(1, 1), "a.jpg"), ".png"],
  ["a JPEG as PNG", (run) => run.logImage(JPEG, "a.png"), ".jpg or .jpeg"],
  ["no target", (run) => run.logImage(grey(1, 1), undefined as never), "options"],
  ["no key", (run) => run.logImage(grey(1, 1), {} as never), "key"],
  ["a key with a forbidden character", (run) => run.logImage(grey(1, 1), { key: "a+b" }), "options.key"],
  ["a key that is too long", (run) => run.logImage(grey(1, 1), { key: "k".repeat(151) }), "150"],
  ["a fractional step", (run) => run.logImage(grey(1, 1), { key: "k", step: 0.5 }), "options.step"],
  ["an unknown option", (run) => run.logImage(grey(1, 1), { key: "k", stpe: 1 } as never), "stpe"],
])("refuses %s", async (_, call, argument) => {
  const { client, run, runId } = await open();
  await expect(call(run)).rejects.toEqual(refused(argument));
  await run.end();
  expect(await client.artifacts.list({ runId })).toEqual([]);
  expect((await client.runs.get(runId)).tags["mlflow.loggedImages"]).toBeUndefined();
});

function hugePng(): Uint8Array {
  return pngFile({ width: 2 ** 31 - 1, height: 2 ** 31 - 1, colorType: 6, rows: [0] });
}
