import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TidemarkError } from "../../../src/base/errors.ts";
import { parseFilter } from "../../../src/search/filter.ts";
import { likePattern } from "../../../src/search/like.ts";
import { parseOrderBy } from "../../../src/search/order-by.ts";
import { cutPage } from "../../../src/search/page.ts";
import type { Searchable } from "../../../src/search/searchable.ts";
import { compareTexts, compareValues } from "../../../src/search/sort.ts";
import * as vocabularies from "../../../src/search/vocabulary.ts";

const { RUN_VOCABULARY } = vocabularies;

const entity = (values: Readonly<Record<string, string | number | undefined>>): Searchable => ({
  attribute: (name) => values[name],
  metric: (key) => values[`metric ${key}`] as number | undefined,
  param: (key) => values[`param ${key}`] as string | undefined,
  tag: (key) => values[`tag ${key}`] as string | undefined,
});

/** Where an expression is wrong, shown by a mark in it. */
function errorIn(parse: () => unknown): TidemarkError {
  try {
    parse();
  } catch (error) {
    if (error instanceof TidemarkError && error.code === "INVALID_PARAMETER_VALUE") return error;
    throw error;
  }
  throw new Error("was not refused");
}

describe("what is wrong in a filter is shown by its place", () => {
  it.each([
    ["metrics.loss |", "compared by"],
    ["metrics.loss ||> 1", "compared by"],
    ["metrics.loss > |'a'", "a number"],
    ["metrics.loss > 1 |OR metrics.loss < 0", "expected AND"],
    ["params.a = 'x' AND |(tags.b = 'y')", "expected a name"],
    ["params.a = |'x", "never closed"],
    ["|losses.a > 1", "runs have no losses"],
    ["params.a = 'x' AND |lifecycle = 'y'", "no attribute lifecycle"],
    ["params.a = |b", "a text in quotes"],
    ["metrics.|", "behind the dot"],
    ["params.a |> 'x'", "compared by"],
    ["start_time |LIKE 'x'", "compared by"],
    ["run_id IN (|)", "a text in quotes"],
    ["run_id IN ('a' |x)", "expected , or )"],
    ["status |IN ('a')", "compared by"],
    ["metrics.a |IS NULL", "IS NULL"],
    ["tags.a IS NOT |'x'", "expected NULL"],
    ["|dataset.profile = 'x'", "datasets have no profile"],
    ["tags.a = 'x' |;", "expected AND"],
    ["|\u0000", "expected a name"],
    ["tags.a = '🎯' AND |🎯", "expected a name"],
  ])("%s", (marked, problem) => {
    const position = marked.indexOf("|");
    const text = marked.replace("|", "");
    const error = errorIn(() => parseFilter(text, RUN_VOCABULARY));
    expect(error.message).toContain(problem);
    expect(error.message).toContain(`character ${position + 1} `);
    expect(error.details).toEqual({ argument: "filter", position });
  });

  it("and in an order by the number of the expression too", () => {
    const error = errorIn(() => parseOrderBy(["metrics.a", "metrics.b UP"], RUN_VOCABULARY));
    expect(error.details).toEqual({ argument: "orderBy.1", position: 10 });
  });

  it("long expressions are not repeated whole", () => {
    const error = errorIn(() => parseFilter(`${"tags.a = 'x' AND ".repeat(10_000)}?`, RUN_VOCABULARY));
    expect(error.message.length).toBeLessThan(500);
  });
});

/** `.ci/nightly` asks for a million. */
const INPUTS = Number(process.env.TIDEMARK_FUZZ_INPUTS ?? 10_000);

describe("any text at all", () => {
  const words = fc.constantFrom(
    ..."metrics . loss params tags ` \" ' '' \\ \\' > = != LIKE ILIKE IN NOT IS NULL AND OR ( ) , 1 -.5 1e9 % _ \n # -- /* 名前 🎯 start_time run_id dataset".split(
      " ",
    ),
    " ",
  );
  const texts = fc.oneof(
    fc.array(words, { maxLength: 30 }).map((parts) => parts.join("")),
    fc.array(words, { maxLength: 30 }).map((parts) => parts.join(" ")),
    fc.string({ unit: "binary", maxLength: 50 }),
  );

  it("is a filter or refused with a place inside of it", { timeout: 5_000 + INPUTS }, () => {
    fc.assert(
      fc.property(texts, fc.constantFrom(...Object.values(vocabularies)), (text, vocabulary) => {
        for (const parse of [() => parseFilter(text, vocabulary), () => parseOrderBy([text], vocabulary)]) {
          try {
            parse();
          } catch (error) {
            if (!(error instanceof TidemarkError) || error.code !== "INVALID_PARAMETER_VALUE") throw error;
            const { position } = error.details as { position: number };
            expect(position).toBeGreaterThanOrEqual(0);
            expect(position).toBeLessThanOrEqual(text.length);
          }
        }
      }),
      { numRuns: INPUTS },
    );
  });

  it.each([
    ["quotes", "'".repeat(200_000)],
    ["escaped quotes", `tags.a = '${"\\'".repeat(200_000)}`],
    ["doubled quotes", `tags.a = "${'""'.repeat(200_000)}`],
    ["digits", `metrics.a > ${"1".repeat(200_000)}x`],
    ["dots", "a.".repeat(200_000)],
    ["conditions", "tags.a = 'x' AND ".repeat(50_000)],
    ["list", `run_id IN (${"'a',".repeat(100_000)})`],
    ["wildcards", `tags.a LIKE '${"%a".repeat(2_000)}'`],
  ])(
    "of great length takes no time: %s",
    (_what, text) => {
      try {
        parseFilter(text, RUN_VOCABULARY)(entity({ "tag a": "a".repeat(5_000) }));
      } catch (error) {
        expect(error).toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
      }
    },
    5_000,
  );
});

describe("LIKE", () => {
  it("means what the same pattern as a regular expression means", () => {
    const characters = fc.constantFrom("a", "b", "A", "%", "_", ".", "\n", "🎯");
    const pattern = fc.array(characters, { maxLength: 8 }).map((all) => all.join(""));
    const text = fc.array(characters, { maxLength: 8 }).map((all) => all.join(""));
    fc.assert(
      fc.property(pattern, text, fc.boolean(), (wanted, subject, ignoreCase) => {
        const source = [...wanted].map((c) => (c === "%" ? ".*" : c === "_" ? "." : c === "." ? "\\." : c)).join("");
        const expected = new RegExp(`^${source}$`, ignoreCase ? "siu" : "su").test(subject);
        expect(likePattern(wanted, ignoreCase)(subject)).toBe(expected);
      }),
    );
  });
});

describe("filters", () => {
  it("find no key that an entity only inherits", () => {
    const matches = parseFilter("tags.constructor IS NOT NULL", RUN_VOCABULARY);
    expect(matches(entity({}))).toBe(false);
  });

  it("without a text let everything through", () => {
    expect(parseFilter(undefined, RUN_VOCABULARY)(entity({}))).toBe(true);
    expect(parseFilter("", RUN_VOCABULARY)(entity({}))).toBe(true);
  });

  it("never meet a value that is missing, whatever the comparison", () => {
    for (const filter of [
      "metrics.a != 1",
      "params.a != 'x'",
      "params.a LIKE '%'",
      "end_time < 5",
      "run_id NOT IN ('a')",
    ]) {
      expect(parseFilter(filter, RUN_VOCABULARY)(entity({}))).toBe(false);
    }
  });
});

describe("orders", () => {
  it("put NaN and then what is missing last in both directions", () => {
    const values = [2, undefined, Number.NaN, Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY, -0];
    for (const [direction, expected] of [
      ["ASC", [Number.NEGATIVE_INFINITY, -0, 1, 2, Number.POSITIVE_INFINITY, Number.NaN, undefined]],
      ["DESC", [Number.POSITIVE_INFINITY, 2, 1, -0, Number.NEGATIVE_INFINITY, Number.NaN, undefined]],
    ] as const) {
      const keys = parseOrderBy([`metrics.a ${direction}`], RUN_VOCABULARY).slice(0, 1);
      const sorted = values.map((value) => [value]).sort((a, b) => compareValues(keys, a, b));
      expect(sorted.flat()).toEqual(expected);
    }
  });

  it("compare texts by code point", () => {
    const texts = ["", "a", "aa", "Z", "z", "é", "\ud7ff", "\uffee", "𝒜", "🎯", "🎯a"];
    const byCodePoint = [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...texts].sort(compareTexts)).toEqual(byCodePoint);
  });
});

describe("pages", () => {
  const entities = Array.from({ length: 25 }, (_, i) => ({
    id: String(i).padStart(2, "0"),
    loss: [Number.NaN, undefined, 0.5, Number.NEGATIVE_INFINITY, -0][i % 5],
    team: ["a\u0000b", undefined, "🎯", ""][i % 4],
  }));
  type Each = (typeof entities)[number];
  const searchable = ({ id, loss, team }: Each) =>
    entity({ run_id: id, "metric loss": loss, "tag team": team, start_time: 1 });
  const keys = parseOrderBy(["metrics.loss DESC", "tags.team"], RUN_VOCABULARY);

  const all = (pageSize: number, change?: (list: Each[]) => Each[]) => {
    let list = entities;
    const found: string[] = [];
    for (let pageToken: string | undefined, first = true; first || pageToken !== undefined; first = false) {
      const cut = { maxResults: pageSize, ...(pageToken === undefined ? {} : { pageToken }) };
      const page = cutPage(list, searchable, keys, cut, ({ id }) => id);
      found.push(...page.items);
      pageToken = page.nextPageToken;
      list = change?.(list) ?? list;
    }
    return found;
  };

  it("of any size are the whole list", () => {
    const whole = all(100);
    expect(whole).toHaveLength(25);
    for (const size of [1, 2, 7, 24, 25]) expect(all(size)).toEqual(whole);
  });

  it("are the same whether they are picked out of many or all are sorted", () => {
    const many = Array.from({ length: 500 }, (_, n) => ({ id: String((n * 7_919) % 500), loss: n % 7, team: "a" }));
    for (const list of [many, many.toReversed()]) {
      const page = (maxResults: number) => cutPage(list, searchable, keys, { maxResults }, ({ id }) => id).items;
      for (const size of [0, 1, 13, 62]) expect(page(size)).toEqual(page(500).slice(0, size));
    }
  });

  it("show everything once that is there all the time, whatever comes and goes", () => {
    const whole = all(100);
    const kept = new Set(whole.filter((_, index) => index % 3 !== 0));
    const found = all(4, (list) => list.filter(({ id }) => kept.has(id)).concat([{ id: "99", loss: 9, team: "x" }]));
    expect(found.filter((id) => kept.has(id))).toEqual(whole.filter((id) => kept.has(id)));
    expect(new Set(found).size).toBe(found.length);
  });

  it("refuse a token that is none, or of another search", () => {
    const token = cutPage(entities, searchable, keys, { maxResults: 1 }, ({ id }) => id).nextPageToken as string;
    const other = parseOrderBy([], RUN_VOCABULARY);
    for (const pageToken of ["", "garbage!", "W10", "bnVsbA", token.slice(3)]) {
      expect(() => cutPage(entities, searchable, keys, { maxResults: 1, pageToken }, ({ id }) => id)).toThrow(
        /pageToken/,
      );
    }
    expect(() => cutPage(entities, searchable, other, { maxResults: 1, pageToken: token }, ({ id }) => id)).toThrow(
      /pageToken/,
    );
  });
});
