import { closeSync, mkdtempSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { appendLines, type WriteCall } from "../../../src/fs/append-lines.ts";

/** A disk that takes so many bytes at each call; where the list ends it is full. */
function scriptedDisk(takes: readonly number[]): WriteCall {
  let call = 0;
  return (descriptor, bytes, offset, length) => {
    const room = takes[call++];
    if (room === undefined) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    const count = Math.min(room, length);
    if (count > 0) writeSync(descriptor, bytes, offset, count);
    return count;
  };
}

function appendTo(start: string, text: string, lineCount: number, write?: WriteCall) {
  const path = join(mkdtempSync(join(tmpdir(), "tidemark-")), "loss");
  writeFileSync(path, start);
  const descriptor = openSync(path, "a+");
  const appended = appendLines(descriptor, Buffer.from(text), lineCount, write);
  closeSync(descriptor);
  return { appended, content: readFileSync(path, "utf8") };
}

describe("appending lines", () => {
  it("takes all of them in one call", () => {
    expect(appendTo("old\n", "1 ü\n2\n", 2)).toEqual({ appended: { lines: 2 }, content: "old\n1 ü\n2\n" });
  });

  it("leaves whole lines, and as many as it says, however the disk takes them", () => {
    const lines = fc.array(fc.constantFrom("1", "22", "333 ü", "1700000000000 0.5 1"), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(lines, fc.array(fc.nat(40), { maxLength: 6 }), (texts, takes) => {
        const text = texts.map((line) => `${line}\n`).join("");
        const { appended, content } = appendTo("old\n", text, texts.length, scriptedDisk(takes));
        const written = texts.slice(0, appended.lines).map((line) => `${line}\n`);
        expect(content).toBe(["old\n", ...written].join(""));
        expect(appended.leftTorn).toBeUndefined();
        if (appended.lines < texts.length) expect(appended.error).toBeDefined();
        else expect(appended.error).toBeUndefined();
      }),
    );
  });

  it("says why when the disk is full", () => {
    expect(appendTo("", "1\n2\n", 2, scriptedDisk([])).appended).toMatchObject({ lines: 0, error: { code: "ENOSPC" } });
    expect(appendTo("", "1\n2\n", 2, scriptedDisk([3])).appended).toMatchObject({
      lines: 1,
      error: { code: "ENOSPC" },
    });
  });
});
