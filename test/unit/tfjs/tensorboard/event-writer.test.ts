import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { EventWriter, type EventWriterOptions } from "../../../../src/tfjs/tensorboard/event-writer.ts";
import { bundleProgram } from "../../../support/bundled-program.ts";
import { runProgram, succeed } from "../../../support/child.ts";
import { type ReadEvent, readEventFile } from "../../../support/event-file-reader.ts";
import { temporaryDirectory } from "../../../support/mlruns.ts";

const AN_HOUR_MS = 3_600_000;

function openWriter(options: EventWriterOptions = { flushIntervalMs: AN_HOUR_MS }) {
  const writer = new EventWriter(temporaryDirectory(), options);
  onTestFinished(() => writer.close());
  return writer;
}

const eventsOf = ({ path }: { readonly path: string }) => readEventFile(readFileSync(path));

/** Without the event with which a file begins. */
const scalarsOf = (events: readonly ReadEvent[]) =>
  events.slice(1).flatMap(({ step, wallTimeS, scalars }) => scalars.map((scalar) => ({ ...scalar, step, wallTimeS })));

describe("an event file", () => {
  it("has the name that TensorBoard looks for, in a directory made for it", () => {
    const directory = join(temporaryDirectory(), "logs", "train");
    const before = Math.floor(Date.now() / 1_000);
    const writer = new EventWriter(directory);
    writer.close();
    const [name = "", ...others] = readdirSync(directory);
    expect(others).toEqual([]);
    expect(writer.path).toBe(join(directory, name));
    const [, seconds, pid] = /^events\.out\.tfevents\.(\d{10})\.[\w.-]+\.(\d+)\.0$/.exec(name) ?? [];
    expect(Number(pid)).toBe(process.pid);
    expect(Number(seconds)).toBeGreaterThanOrEqual(before);
  });

  it("is never another writer's", () => {
    const directory = temporaryDirectory();
    const writers = [0, 1, 2].map(() => new EventWriter(directory));
    writers.forEach((writer, index) => {
      writer.scalar("index", index, 0);
      writer.close();
    });
    expect(writers.map((writer) => scalarsOf(eventsOf(writer)).map(({ value }) => value))).toEqual([[0], [1], [2]]);
  });

  it("begins with its version, which is there at once", () => {
    const events = eventsOf(openWriter());
    expect(events).toEqual([{ wallTimeS: expect.any(Number), step: 0n, fileVersion: "brain.Event:2", scalars: [] }]);
    expect(Math.abs((events[0] as ReadEvent).wallTimeS - Date.now() / 1_000)).toBeLessThan(3_600);
  });

  it("has the bytes that protobuf's own writer makes", () => {
    const writer = openWriter();
    writer.scalar("loss", 0.5, 300, 1_500);
    writer.flush();
    const record = readFileSync(writer.path).subarray(16 + 24);
    const event = "09000000000000f83f" + "10ac02" + "2a0d" + "0a0b" + "0a046c6f7373" + "150000003f";
    expect(record.subarray(12, -4).toString("hex")).toBe(event);
    expect(record.readBigUint64LE(0)).toBe(BigInt(event.length / 2));
  });

  it("gives back whatever was put in", () => {
    const scalar = fc.record({
      tag: fc.string({ unit: "binary", maxLength: 200 }),
      value: fc.double(),
      step: fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -300, max: 300 })),
      wallTimeMs: fc.double({ noDefaultInfinity: true, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(scalar, { maxLength: 20 }), fc.nat(3), (given, flushEvery) => {
        const writer = new EventWriter(temporaryDirectory(), { flushIntervalMs: AN_HOUR_MS });
        given.forEach(({ tag, value, step, wallTimeMs }, index) => {
          writer.scalar(tag, value, step, wallTimeMs);
          if (flushEvery > 0 && index % flushEvery === 0) writer.flush();
        });
        writer.close();
        expect(scalarsOf(eventsOf(writer))).toEqual(
          given.map(({ tag, value, step, wallTimeMs }) => ({
            tag,
            value: Math.fround(value),
            step: BigInt(step),
            wallTimeS: wallTimeMs / 1_000,
          })),
        );
      }),
      { numRuns: 200 },
    );
  });

  it("takes tags that are longer than its memory", () => {
    const writer = openWriter();
    const tags = ["loss", "é".repeat(25_000), "x".repeat(70_000), "loss"];
    tags.forEach((tag, step) => void writer.scalar(tag, step, step));
    writer.flush();
    expect(scalarsOf(eventsOf(writer)).map(({ tag }) => tag)).toEqual(tags);
  });

  it("is valid UTF-8 where a tag is no valid text", () => {
    const writer = openWriter();
    writer.scalar("a\ud800b", 1, 0);
    writer.flush();
    expect(scalarsOf(eventsOf(writer))).toMatchObject([{ tag: "a\ufffdb" }]);
  });
});

describe("an event writer", () => {
  it("takes the clock's time where none is given", () => {
    const writer = openWriter();
    const before = Date.now() / 1_000;
    writer.scalar("loss", 1, 0);
    writer.flush();
    const [{ wallTimeS = 0 } = {}] = scalarsOf(eventsOf(writer));
    expect(wallTimeS).toBeGreaterThanOrEqual(before);
    expect(wallTimeS).toBeLessThanOrEqual(Date.now() / 1_000);
  });

  it("keeps scalars in memory until they are many, and writes whole records only", () => {
    const writer = openWriter();
    const sizes = new Set<number>();
    for (let step = 0; step < 5_000; step++) {
      writer.scalar("loss", step, step);
      sizes.add(statSync(writer.path).size);
    }
    expect(sizes.size).toBeGreaterThan(1);
    expect(sizes.size).toBeLessThan(10);
    const bytes = readFileSync(writer.path);
    for (const size of sizes) readEventFile(bytes.subarray(0, size));
  });

  it("writes in a call when the oldest is old enough, though the event loop does not turn", () => {
    const writer = openWriter({ flushIntervalMs: 5 });
    writer.scalar("loss", 1, 0);
    const deadline = performance.now() + 10;
    while (performance.now() < deadline) {
      // A training that blocks.
    }
    writer.scalar("loss", 2, 1);
    expect(scalarsOf(eventsOf(writer)).map(({ value }) => value)).toEqual([1, 2]);
  });

  it("writes by itself when nothing more comes", async () => {
    const writer = openWriter({ flushIntervalMs: 5 });
    writer.scalar("loss", 1, 0);
    await vi.waitFor(() => expect(scalarsOf(eventsOf(writer))).toHaveLength(1));
  });

  it("writes each at once when asked to", () => {
    const writer = openWriter({ flushIntervalMs: 0 });
    writer.scalar("loss", 1, 0);
    expect(scalarsOf(eventsOf(writer))).toHaveLength(1);
  });

  it("takes nothing after its end, and may be closed twice", () => {
    const writer = openWriter();
    writer.scalar("loss", 1, 0);
    writer.close();
    writer.scalar("loss", 2, 1);
    writer.flush();
    writer.close();
    expect(scalarsOf(eventsOf(writer)).map(({ value }) => value)).toEqual([1]);
  });

  it("refuses a step or a time that no event can have", () => {
    const writer = openWriter();
    for (const step of [0.5, Number.NaN, 2 ** 53]) {
      expect(() => writer.scalar("loss", 1, step)).toThrow(/^step: got .* expected a safe integer$/);
    }
    expect(() => writer.scalar("loss", 1, 0, Number.NaN)).toThrow(/^wallTimeMs: got NaN/);
    writer.flush();
    expect(scalarsOf(eventsOf(writer))).toEqual([]);
  });

  it("says at once where it cannot write, with a code", () => {
    const file = join(temporaryDirectory(), "taken");
    writeFileSync(file, "");
    expect(() => new EventWriter(join(file, "logs"))).toThrow(expect.objectContaining({ code: "STORAGE_ERROR" }));
    const sealed = join(temporaryDirectory(), `${"x".repeat(300)}`);
    expect(() => new EventWriter(sealed)).toThrow(expect.objectContaining({ code: "STORAGE_ERROR" }));
  });
});

describe("a process with an event writer", () => {
  const prepare = async () => {
    const directory = temporaryDirectory();
    const program = await bundleProgram("test/support/scalar-program.ts", directory);
    const logs = join(directory, "logs");
    mkdirSync(logs);
    const path = () => join(logs, readdirSync(logs)[0] as string);
    return { directory, program, logs, path };
  };

  it("leaves every scalar behind, also those of exit listeners, and is not kept alive", async () => {
    const { directory, program, logs, path } = await prepare();
    await succeed(process.execPath, [program, logs, "10"], { cwd: directory });
    expect(scalarsOf(eventsOf({ path: path() })).map(({ step }) => Number(step))).toEqual([...Array(10).keys()]);
  });

  it("goes on when the disk takes no more, and says so once", async () => {
    const { directory, program, logs, path } = await prepare();
    // No file may get longer than 64 KiB, in units of 512 bytes.
    const command = `ulimit -f 128; exec "$0" "$@"`;
    const argv = ["-c", command, process.execPath, program, logs, "10000"];
    const { code, stderr } = await runProgram("sh", argv, { cwd: directory });
    expect(code).toBe(0);
    expect(stderr.trim().split("\n")).toEqual([expect.stringMatching(/^tidemark: cannot write .*EFBIG.*nothing more/)]);
    const bytes = readFileSync(path());
    expect(bytes).toHaveLength(64 * 1024);
    expect(() => readEventFile(bytes)).toThrow();
  });
});
