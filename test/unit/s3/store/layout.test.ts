import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dirtyKey, parseDirtyKey } from "../../../../src/s3/store/index-marker.ts";
import { experimentNameKey, isId, modelNameKey, versionKey, versionOfKey } from "../../../../src/s3/store/layout.ts";

describe("keys of a store", () => {
  it("hold any name in one segment, each its own", () => {
    const names = fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 500 }),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
      fc.constantFrom(".", "..", "a/b", "h-", `h-${"0".repeat(40)}`, "%41", "A", "\ud800"),
    );
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(names, (name) => {
        const key = experimentNameKey(name);
        expect(key).toMatch(/^exp-names\/[\w.~%-]+\.json$/);
        expect(Buffer.byteLength(key) - "exp-names/".length).toBeLessThanOrEqual(255);
        expect(seen.get(key) ?? name).toBe(name);
        seen.set(key, name);
      }),
      { numRuns: 2_000 },
    );
  });

  it("are as docs/formats/s3-store.md says", () => {
    expect(experimentNameKey("Default")).toBe("exp-names/Default.json");
    expect(experimentNameKey("a/b (c)")).toBe("exp-names/a%2Fb%20%28c%29.json");
    expect(modelNameKey("x".repeat(250))).toBe(`model-names/${"x".repeat(250)}.json`);
    expect(modelNameKey("x".repeat(251))).toBe("model-names/h-90d738c31c5ee1241cbcd2ff3d4aa1257ba5b7d7.json");
    expect(versionKey("0a1b", 7)).toBe("models/0a1b/versions/00000007.json");
    expect(versionOfKey("p/models/0a1b/versions/00000007.json")).toBe(7);
    expect(versionOfKey("p/models/0a1b/versions/7.json")).toBeUndefined();
  });

  it("are never made of what is no id", () => {
    for (const id of ["a", "m-0123", "A_b-9", "0"]) expect(isId(id)).toBe(true);
    for (const id of ["", "..", "a/b", "a.b", "-a", "ä", "a".repeat(201)]) expect(isId(id)).toBe(false);
  });

  it("tell what a marker says, and nothing of what is none", () => {
    const marker = { id: "m-0a", rev: 12, nonce: "f00" };
    expect(parseDirtyKey(`p/${dirtyKey("idx/runs/exp=0", marker)}`)).toEqual(marker);
    for (const name of ["", "m-0a", "m-0a.12", "m-0a.x.f00", "m 0a.12.f00", `m-0a.${"9".repeat(16)}.f00`])
      expect(parseDirtyKey(`idx/runs/exp=0/dirty/${name}`)).toBeUndefined();
  });
});
