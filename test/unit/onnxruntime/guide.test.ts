import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NAMES } from "../../../src/onnxruntime/names.ts";
import { autologOptionsSchema } from "../../../src/onnxruntime/options.ts";
import { repository } from "../../support/repository.ts";

const guide = readFileSync(join(repository, "docs/guide/autolog-onnxruntime.md"), "utf8");

/** First two cells of every row of the table below a heading. */
function rows(heading: string): [string, string][] {
  const section = guide.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| `([^`]+)` \| ([^|]*?) \|/gm)].map(([, first, second]) => [
    first ?? "",
    second ?? "",
  ]);
}

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
