import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, expectThat } from "./expect.ts";
import type { ContractTests } from "./subject.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

export const artifactTests: ContractTests = {
  "are written, listed, read, replaced and deleted": async ({ artifacts }) => {
    const store = await artifacts();
    expect(await store.list()).toEqual([]);
    await store.write("a.txt", bytes("one"));
    await store.write("dir/ünï côde.txt", bytes("two!"));
    await store.write("dir/deep/er.bin", new Uint8Array([0, 255]));
    await store.write("empty", new Uint8Array());
    expect(await store.list()).toEqual([
      { path: "a.txt", isDirectory: false, sizeBytes: 3 },
      { path: "dir", isDirectory: true },
      { path: "empty", isDirectory: false, sizeBytes: 0 },
    ]);
    expect(await store.list("dir")).toEqual([
      { path: "dir/deep", isDirectory: true },
      { path: "dir/ünï côde.txt", isDirectory: false, sizeBytes: 4 },
    ]);
    expect(await store.list("nowhere")).toEqual([]);
    await store.write("a.txt", bytes("uno"));
    expect(new TextDecoder().decode(await store.read("a.txt"))).toBe("uno");
    await store.delete("a.txt");
    await store.delete("dir");
    expect((await store.list()).map(({ path }) => path)).toEqual(["empty"]);
  },

  "that are missing are said so": async ({ artifacts, scratch }) => {
    const store = await artifacts();
    const missing = { code: "RESOURCE_DOES_NOT_EXIST" };
    await expectThat(store.read("a")).toReject(missing);
    await expectThat(store.delete("a/b")).toReject(missing);
    await expectThat(store.download("a", join(scratch(), "a"))).toReject(missing);
  },

  "go up and down as files, telling how many bytes have passed": async ({ artifacts, scratch }) => {
    const store = await artifacts();
    const directory = scratch();
    const content = Buffer.alloc(3_000_000, "tidemark ");
    writeFileSync(join(directory, "up"), content);
    let up = 0;
    let down = 0;
    await store.upload(join(directory, "up"), "weights/w.bin", { onBytes: (count) => (up += count) });
    await store.download("weights/w.bin", join(directory, "down"), { onBytes: (count) => (down += count) });
    expect([up, down]).toEqual([content.length, content.length]);
    expect(readFileSync(join(directory, "down")).equals(content)).toBe(true);
  },

  "stop when they are told to, leaving nothing": async ({ artifacts, scratch }) => {
    const store = await artifacts();
    const directory = scratch();
    writeFileSync(join(directory, "up"), "x");
    const signal = AbortSignal.abort();
    const cancelled = { code: "CANCELLED" };
    await expectThat(store.upload(join(directory, "up"), "a", { signal })).toReject(cancelled);
    await expectThat(store.write("a", bytes("x"), { signal })).toReject(cancelled);
    expect(await store.list()).toEqual([]);
    await store.write("a", bytes("x"));
    await expectThat(store.read("a", { signal })).toReject(cancelled);
    await expectThat(store.download("a", join(directory, "down"), { signal })).toReject(cancelled);
    expect(existsSync(join(directory, "down"))).toBe(false);
  },

  "never leave their root": async ({ artifacts }) => {
    const store = await artifacts();
    for (const path of ["../x", "a/../../x", "/etc/passwd", "a\\..\\x", "", ".", "a//b", "C:/x", "a\0b"]) {
      const refused = { code: "INVALID_PARAMETER_VALUE" };
      await expectThat(store.write(path, bytes("x")), path).toReject(refused);
      await expectThat(store.read(path), path).toReject(refused);
      await expectThat(store.delete(path), path).toReject(refused);
      await expectThat(store.list(path), path).toReject(refused);
    }
  },
};
