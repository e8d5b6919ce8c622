import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseFlatYaml } from "../../../src/fs/flat-yaml.ts";
import { formatMeta, Meta } from "../../../src/fs/meta-yaml.ts";

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom(
      "\n",
      " ",
      ":",
      "#",
      "-",
      "'",
      '"',
      "\\",
      "\t",
      "é",
      "名",
      "\u0085",
      "\u2028",
      "{",
      "&",
      "*",
      "!",
      "%",
    ),
  }),
  fc.constantFrom(
    "yes",
    "No",
    "null",
    "~",
    "",
    "1e3",
    "0x1f",
    "12:30",
    "1_000",
    ".inf",
    "2020-01-01",
    "=",
    "<<",
    "- a",
    "a: b",
    "# c",
  ),
);
// Half of a surrogate pair is no character, in no encoding.
const isWellFormed = (text: string) => !/\p{Surrogate}/u.test(text);

describe("a meta.yaml", () => {
  it("gives back every text that was put in, to us and to a YAML 1.1 parser", () => {
    fc.assert(
      fc.property(anyText.filter(isWellFormed), anyText.filter(isWellFormed), (name, tag) => {
        const text = formatMeta({ name, tags: { [tag]: name }, end_time: null, start_time: 5, list: [] });
        const meta = Meta.parse("meta.yaml", text);
        expect(meta.text("name")).toBe(name);
        expect(meta.texts("tags")).toEqual(Object.fromEntries([[tag, name]]));
        expect(meta.text("end_time")).toBeUndefined();
        expect(meta.integer("start_time")).toBe(5);
        expect(parse(text, { version: "1.1" }).name).toBe(name);
      }),
      { numRuns: 500 },
    );
  });

  it("that is flat is read as a YAML parser reads it, or left to it", () => {
    const value = fc.oneof(
      anyText,
      anyText.map((text) => `'${text}'`),
      anyText.map((text) => `"${text}"`),
      fc
        .array(fc.constantFrom("a", "-", " ", ":", "#", "1", ".", "/", "~", "null", "'", "[]", "{}", "%", "@", "é"), {
          maxLength: 6,
        })
        .map((parts) => parts.join("")),
    );
    const options = { version: "1.1", schema: "failsafe", logLevel: "silent" } as const;
    let flat = 0;
    fc.assert(
      fc.property(value, value, (a, b) => {
        const text = `a: ${a}\nb: ${b}\n`;
        const entries = parseFlatYaml(text);
        if (entries === undefined) return;
        flat++;
        const { a: theirA, b: theirB } = parse(text, options);
        for (const [key, their] of [
          ["a", theirA],
          ["b", theirB],
        ] as const) {
          const isNull = typeof their !== "string" || /^(?:null|Null|NULL|~|)$/.test(their);
          if (!isNull) expect(entries.get(key)?.text).toBe(their);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(flat).toBeGreaterThan(300);
  });

  it("is written as Python writes it where Python needs no quotes", () => {
    expect(
      formatMeta({
        artifact_uri: "file:///data/mlruns/0/a1/artifacts",
        end_time: null,
        entry_point_name: "",
        experiment_id: "0",
        run_name: "swift-otter-42",
        tags: [],
        status: 3,
      }),
    ).toBe(
      "artifact_uri: file:///data/mlruns/0/a1/artifacts\nend_time: null\nentry_point_name: ''\nexperiment_id: '0'\nrun_name: swift-otter-42\nstatus: 3\ntags: []\n",
    );
  });

  it("keeps what it does not know when something changes", () => {
    const text = "a_list:\n- 1\n- {x: y}\nname: old\nstatus: 1\nworkspace: 'default' # why\n";
    const changed = Meta.parse("meta.yaml", text).with({ status: 3, end_time: 9 });
    expect(parse(changed)).toEqual({
      a_list: [1, { x: "y" }],
      name: "old",
      status: 3,
      end_time: 9,
      workspace: "default",
    });
  });

  it("reads what people and other versions write", () => {
    const meta = Meta.parse(
      "meta.yaml",
      "name: 'it''s'\nid: 0012\nwhen: 1700000000000.0\nnothing: ~\nfolded: >-\n  a\n  b\n",
    );
    expect(meta.text("name")).toBe("it's");
    expect(meta.text("id")).toBe("0012");
    expect(meta.integer("when")).toBe(1_700_000_000_000);
    expect(meta.text("nothing")).toBeUndefined();
    expect(meta.text("folded")).toBe("a b");
    expect(meta.text("absent")).toBeUndefined();
    expect(meta.integer("name")).toBeUndefined();
  });

  it.each([
    ["empty", ""],
    ["a list", "- a\n- b\n"],
    ["a word", "hello"],
    ["no YAML", "a: [1, 2\nb: }"],
    ["a bomb", `a: &a [x]\n${"b: *c\n".repeat(3)}`],
  ])("that is %s is damaged, and says where", (_, text) => {
    expect(() => Meta.parse("/some/meta.yaml", text).text("a")).toThrow(
      expect.objectContaining({ code: "DATA_DAMAGED", message: expect.stringContaining("/some/meta.yaml") }),
    );
  });
});
