import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EventWriter } from "../../src/tfjs/tensorboard/event-writer.ts";
import { bundleProgram } from "../support/bundled-program.ts";
import { succeed } from "../support/child.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { bunPath, denoPath, leftOut, type Peer } from "../support/peers.ts";
import { bits, runPython } from "../support/python.ts";

/** Numbers are their bits, steps decimal digits: JSON has neither NaN nor 64-bit integers. */
interface Point {
  readonly step: string;
  readonly wallTime: string;
  readonly value: string;
}

interface Seen {
  readonly versions: readonly string[];
  /** By tag. */
  readonly accumulated: Readonly<Record<string, readonly Point[]>>;
  readonly loaded: readonly (Point & { readonly tag: string; readonly plugin: string })[];
}

const readEvents = async (directory: string) => (await runPython("read_events.py", [directory], directory)) as Seen;

const START_MS = 1_790_000_000_123;

const POINTS = [
  ["loss", 0.1, -3],
  ["loss", 0.25, 0],
  ["loss", Number.NaN, 1],
  ["loss", Number.POSITIVE_INFINITY, 2],
  ["loss", 1e300, 3],
  ["val_loss", -0, 2 ** 31 + 1],
  ["val_loss", Number.NEGATIVE_INFINITY, Number.MAX_SAFE_INTEGER],
  ["far/below", 1e-45, Number.MIN_SAFE_INTEGER],
  ["точность 🎯", 16_777_217, 7],
  ["x".repeat(1_000), 1, 8],
] as const;

describe.skipIf(leftOut("python"))("TensorBoard's Python reader", () => {
  it("sees tags, steps, values and times as they were written", async () => {
    const directory = join(temporaryDirectory(), "logs");
    const writer = new EventWriter(directory);
    const expected = POINTS.map(([tag, value, step], index) => {
      const wallTimeMs = START_MS + index * 1_000.5;
      writer.scalar(tag, value, step, wallTimeMs);
      const point = { step: String(step), wallTime: bits(wallTimeMs / 1_000), value: bits(Math.fround(value)) };
      return { tag, ...point };
    });
    writer.close();
    const seen = await readEvents(directory);
    expect(seen.versions).toEqual(["brain.Event:2"]);
    expect(seen.loaded).toEqual(expected.map((point) => ({ ...point, plugin: "scalars" })));
    expect(Object.keys(seen.accumulated).sort()).toEqual([...new Set(POINTS.map(([tag]) => tag))].sort());
    const accumulated = Object.entries(seen.accumulated).flatMap(([tag, all]) =>
      all.map((point) => ({ tag, ...point })),
    );
    expect(accumulated).toEqual(expected);
  });

  it("sees more of them than are kept by default, from writers that came one after the other", async () => {
    const directory = temporaryDirectory();
    for (const half of [0, 1]) {
      const writer = new EventWriter(directory);
      for (let i = 0; i < 10_000; i++) writer.scalar("loss", i / 4, half * 10_000 + i);
      writer.close();
    }
    const { accumulated, versions } = await readEvents(directory);
    expect(versions).toHaveLength(2);
    expect(accumulated.loss?.map(({ step }) => Number(step))).toEqual([...Array(20_000).keys()]);
    expect(accumulated.loss?.map(({ value }) => value)).toEqual(
      Array.from({ length: 20_000 }, (_, i) => bits((i % 10_000) / 4)),
    );
  });

  it("checks the checksums, and so all of the above", async () => {
    const directory = temporaryDirectory();
    const writer = new EventWriter(directory);
    for (let step = 0; step < 10; step++) writer.scalar("loss", step, step);
    writer.close();
    const bytes = readFileSync(writer.path);
    const last = bytes.length - 1;
    bytes.writeUInt8(bytes.readUInt8(last) ^ 1, last);
    writeFileSync(writer.path, bytes);
    const { loaded } = await readEvents(directory);
    expect(loaded.map(({ step }) => Number(step))).toEqual([...Array(9).keys()]);
  });
});

const RUNTIMES: readonly { name: string; needs: readonly Peer[]; command: () => readonly string[] }[] = [
  { name: "Node", needs: ["python"], command: () => [process.execPath] },
  { name: "Bun", needs: ["python", "bun"], command: () => [bunPath()] },
  // Not allowed to ask for the machine's name.
  { name: "Deno", needs: ["python", "deno"], command: () => [denoPath(), "run", "--allow-read", "--allow-write"] },
];

for (const { name, needs, command } of RUNTIMES) {
  describe.skipIf(leftOut(...needs))(`a program under ${name}`, () => {
    it("leaves all its scalars for TensorBoard when it ends", async () => {
      const directory = temporaryDirectory();
      const program = await bundleProgram("test/support/scalar-program.ts", directory);
      const logs = join(directory, "logs");
      const [runtime = "", ...flags] = command();
      await succeed(runtime, [...flags, program, logs, "5000"], { cwd: directory, env: { DENO_DIR: directory } });
      const { accumulated } = await readEvents(logs);
      expect(accumulated.loss?.map(({ step }) => Number(step))).toEqual([...Array(5_000).keys()]);
      expect(accumulated.loss?.map(({ value }) => value)).toEqual(
        Array.from({ length: 5_000 }, (_, step) => bits(step / 2)),
      );
    });
  });
}
