import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { isAlive, type Owner, thisProcess } from "../../../../src/queue/spool/owner.ts";
import { listSpool, Spool } from "../../../../src/queue/spool/spool.ts";
import type { SpoolHeader } from "../../../../src/queue/spool/spool-header.ts";
import { temporaryDirectory } from "../../../support/mlruns.ts";

const header = (number = 1): SpoolHeader => ({
  format: 1,
  backend: "http://127.0.0.1:5000",
  localRunId: `local-${String(number).padStart(32, "0")}`,
  name: `run ${number}`,
  createdAt: 1_000 + number,
});

function newSpool() {
  const dir = temporaryDirectory();
  const spool = new Spool("somebody at a server", { dir });
  const create = (number?: number) => {
    const entry = spool.create(header(number));
    onTestFinished(() => entry.remove());
    return entry;
  };
  return { dir, spool, create };
}

const ownerFile = (directory: string) => join(directory, "owner.json");

describe("a part of the spool", () => {
  it("belongs to its process as long as that lives, and to the first who claims it after its release", () => {
    const { spool, create } = newSpool();
    const entry = create();
    expect(spool.abandoned()).toEqual([]);
    expect(spool.claim(entry.directory)).toBeUndefined();
    entry.saveRunId("abc");
    entry.saveEnd({ status: "FINISHED", endTime: 5 });
    entry.release();
    expect(spool.abandoned()).toEqual([entry.directory]);
    const claimed = spool.claim(entry.directory);
    expect(claimed).toMatchObject({ header: { ...header(), runId: "abc" }, end: { status: "FINISHED", endTime: 5 } });
    expect(spool.claim(entry.directory)).toBeUndefined();
    expect(spool.abandoned()).toEqual([]);
    claimed?.remove();
    expect(listSpool(spool.root)).toEqual([]);
  });

  it("can be claimed when its process is gone", () => {
    const { spool, create } = newSpool();
    const { directory } = create();
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    writeFileSync(ownerFile(directory), JSON.stringify({ ...thisProcess(), pid }));
    expect(spool.claim(directory)?.directory).toContain(directory);
  });

  it("is only seen by the same identity at the same place", () => {
    const { dir, create } = newSpool();
    create().release();
    expect(new Spool("somebody else", { dir }).abandoned()).toEqual([]);
    expect(listSpool(dir)).toHaveLength(1);
  });

  it("is handed on oldest first", () => {
    const { spool, create } = newSpool();
    for (const number of [12, 3, 7]) create(number).release();
    expect(spool.abandoned().map((directory) => spool.claim(directory)?.header.name)).toEqual([
      "run 3",
      "run 7",
      "run 12",
    ]);
  });

  it("can be read by nobody else", () => {
    const { spool, create } = newSpool();
    const entry = create();
    entry.files.add("a/b.txt", new TextEncoder().encode("hello"));
    const modes = (path: string): number[] =>
      statSync(path).isDirectory()
        ? [statSync(path).mode & 0o77, ...readdirSync(path).flatMap((name) => modes(join(path, name)))]
        : [];
    // Nobody gets past the directories.
    expect(modes(join(spool.root, readdirSync(spool.root)[0] as string)).every((mode) => mode === 0)).toBe(true);
  });

  it("that is damaged is said to be, and hides no other", () => {
    const { dir, spool, create } = newSpool();
    const damaged = create(1);
    damaged.release();
    create(2).release();
    writeFileSync(join(damaged.directory, "run.json"), "{");
    expect(() => spool.claim(damaged.directory)).toThrow("is not what the spool writes");
    expect(listSpool(dir).map(({ header }) => header.name)).toEqual(["run 2"]);
  });

  it("keeps files in order until they are uploaded", () => {
    const { create, dir } = newSpool();
    const { files } = create();
    const source = join(dir, "source.bin");
    writeFileSync(source, "from a file");
    files.add("b.txt", new TextEncoder().encode("from memory"));
    files.add("a.txt", source);
    const waiting = files.list();
    expect(waiting.map(({ path, sizeBytes }) => [path, sizeBytes])).toEqual([
      ["b.txt", 11],
      ["a.txt", 11],
    ]);
    expect(waiting.map(({ localFile }) => readFileSync(localFile, "utf8"))).toEqual(["from memory", "from a file"]);
    files.remove(waiting[0] as (typeof waiting)[0]);
    expect(files.list().map(({ path }) => path)).toEqual(["a.txt"]);
    expect(() => files.add("huge", new Uint8Array(64 * 1024 * 1024 + 1))).toThrow("does not take");
  });
});

describe("the owner of a part of the spool", () => {
  const here = thisProcess();
  const now = Date.now();

  it("lives as long as its process does, however silent it is", () => {
    expect(isAlive(here, 0)).toBe(true);
    expect(isAlive({ ...here, pid: process.ppid, startedAt: undefined } as unknown as Owner, 0)).toBe(true);
  });

  it.runIf(process.platform === "linux")("is not another process that got its number later", () => {
    expect(isAlive({ ...here, pid: process.ppid, startedAt: "1" }, now)).toBe(false);
  });

  it.runIf(process.platform === "linux")(
    "is not this process because it had the same number, as the first of every container has",
    () => {
      expect(isAlive({ ...here, startedAt: "1" }, now)).toBe(false);
    },
  );

  it("on another machine lives as long as it shows signs of it", () => {
    const there: Owner = { ...here, host: "elsewhere", boot: "another" };
    expect(isAlive(there, now - 10_000)).toBe(true);
    expect(isAlive(there, now - 600_000)).toBe(false);
  });

  it("from before a restart of this machine is gone", () => {
    expect(isAlive({ ...here, boot: "earlier" }, now - 1e10)).toBe(false);
  });

  it("who has written nothing readable is nobody", () => {
    const { spool, create } = newSpool();
    const { directory } = create();
    writeFileSync(ownerFile(directory), "");
    expect(spool.abandoned()).toEqual([directory]);
    utimesSync(directory, 0, 0);
    mkdirSync(join(directory, "more"));
    expect(spool.claim(directory)).toBeDefined();
  });
});
