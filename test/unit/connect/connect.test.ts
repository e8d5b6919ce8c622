import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { connect, registerBackend } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";

describe("connect", () => {
  it("takes paths, file: URIs, memory: and backends", async () => {
    const directory = temporaryDirectory();
    const expected = pathToFileURL(join(directory, "my runs")).href;
    for (const uri of [join(directory, "my runs"), expected]) expect((await connect(uri)).uri).toBe(expected);
    expect((await connect("memory:")).uri).toBe("memory:");
    const backend = memoryBackend();
    expect((await connect(backend)).backend).toBe(backend);
  });

  it("names the known schemes when one is unknown, and shows no password", async () => {
    const error: { message: string } = await connect("gopher://user:secret@host/x").catch((reason) => reason);
    expect(error).toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
    expect(error.message).toContain("gopher:");
    expect(error.message).toContain("file:");
    expect(error.message).toContain("memory:");
    expect(error.message).not.toContain("secret");
  });

  it.each([[""], [5], [null], [{}]])("refuses %o", async (target) => {
    await expect(connect(target as never)).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
  });

  it("takes one more scheme", async () => {
    const seen: unknown[] = [];
    registerBackend("demo", async (uri, options) => {
      seen.push(uri, options);
      return memoryBackend();
    });
    await connect("demo://bucket/x", { region: "eu" });
    expect(seen).toEqual(["demo://bucket/x", { region: "eu" }]);
  });

  it.each([["GS"], ["a b"], [""], [undefined]])("refuses the scheme %o", (scheme) => {
    expect(() => registerBackend(scheme as never, () => memoryBackend())).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETER_VALUE" }),
    );
  });
});
