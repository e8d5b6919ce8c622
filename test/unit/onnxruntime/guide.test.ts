import { describe, expect, it } from "vitest";
import { NAMES } from "../../../src/onnxruntime/names.ts";
import { autologOptionsSchema } from "../../../src/onnxruntime/options.ts";
import { guideTables } from "../../support/guide-table.ts";

const { rows } = guideTables("autolog-onnxruntime.md");

describe("the guide", () => {
  it("lists every name that autolog gives, by its kind, and no other", () => {
    expect(rows("What is recorded")).toEqual(Object.values(NAMES).map(({ name, kind }) => [name, kind]));
  });

  it("lists every option, with its default", () => {
    const defaults = autologOptionsSchema.parse({});
    expect(rows("Options").map(([name]) => name)).toEqual(Object.keys(autologOptionsSchema.shape));
    for (const [name, said] of rows("Options")) {
      const value = (defaults as Record<string, unknown>)[name];
      if (typeof value === "number" || typeof value === "boolean" || typeof value === "string") {
        expect(said.replaceAll("`", ""), name).toBe(JSON.stringify(value));
      }
    }
  });
});
