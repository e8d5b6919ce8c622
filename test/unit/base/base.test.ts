import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { log, redact, setLogger, warnOnce } from "../../../src/base/diagnostics.ts";
import { consumeEnv, readEnv, readEnvFlag } from "../../../src/base/env.ts";
import { describe as describeValue, invalidArgument, TidemarkError } from "../../../src/base/errors.ts";
import { newId, newRunName } from "../../../src/base/ids.ts";
import { checkKey } from "../../../src/base/key-rules.ts";
import { checkRelativePath, relativePathProblem } from "../../../src/base/paths.ts";
import { retryDelayMs } from "../../../src/base/retry-schedule.ts";
import { isLongerThan, truncate } from "../../../src/base/text.ts";

describe("keys follow MLflow's rules", () => {
  it.each([
    "loss",
    "train/acc",
    "ключ",
    "名前",
    "a b",
    "a.b-c_d:e",
    "1",
    "__proto__",
    "…".replace("…", "x"),
    "k".repeat(250),
  ])("%s is allowed", (key) => {
    expect(() => checkKey("metric", key)).not.toThrow();
  });
  it.each([
    "",
    "a\tb",
    "a\nb",
    "a,b",
    "a@b",
    "a#b",
    "a%b",
    "a=b",
    "a+b",
    "a\\b",
    "/a",
    "a/",
    "a//b",
    "./a",
    "a/..",
    "..",
    ".",
    "k".repeat(251),
    "é".normalize("NFD"),
  ])("%j is not", (key) => {
    expect(() => checkKey("metric", key)).toThrow(expect.objectContaining({ code: "INVALID_PARAMETER_VALUE" }));
  });
  it("count characters, not UTF-16 units", () => {
    expect(() => checkKey("tag", "𝒳".repeat(250))).not.toThrow();
    expect(() => checkKey("tag", "𝒳".repeat(251))).toThrow();
  });
});

describe("relative paths", () => {
  it("that are accepted never leave their root", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "/", ".", "\\", "\0", ":", "c"), maxLength: 12 }), (path) => {
        if (relativePathProblem(path) !== undefined) return;
        const resolved = new URL(`file:///root/${path.split("/").map(encodeURIComponent).join("/")}`).pathname;
        expect(resolved.startsWith("/root/")).toBe(true);
        expect(resolved.length).toBeGreaterThan("/root/".length);
      }),
      { numRuns: 2_000 },
    );
  });
  it.each([5, undefined, null])("must be text, not %o", (path) => {
    expect(() => checkRelativePath("path", path)).toThrow(expect.objectContaining({ code: "INVALID_PARAMETER_VALUE" }));
  });
});

describe("retry delays", () => {
  const policy = { baseMs: 500, capMs: 30_000, budgetMs: 1 };
  it("are fully jittered below a doubling ceiling with a cap", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, random) => {
          const delay = retryDelayMs(policy, attempt, undefined, () => random);
          expect(delay).toBeCloseTo(random * Math.min(30_000, 500 * 2 ** (attempt - 1)), 6);
        },
      ),
    );
  });
  it("follow the server's wish, up to an hour", () => {
    expect(retryDelayMs(policy, 9, 1_234)).toBe(1_234);
    expect(retryDelayMs(policy, 1, -5)).toBe(0);
    expect(retryDelayMs(policy, 1, 1e12)).toBe(3_600_000);
  });
});

describe("text", () => {
  it("is measured in code points", () => {
    expect(isLongerThan("𝒳𝒳", 2)).toBe(false);
    expect(isLongerThan("𝒳𝒳𝒳", 2)).toBe(true);
  });
  it("is cut to its limit", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 30 }), fc.integer({ min: 1, max: 20 }), (text, limit) => {
        const cut = truncate(text, limit);
        expect(isLongerThan(cut, limit)).toBe(false);
        if (!isLongerThan(text, limit)) expect(cut).toBe(text);
      }),
    );
  });
});

describe("errors", () => {
  it("are recognised across copies of the package", () => {
    const other = Object.defineProperty(new Error("x"), Symbol.for("tidemark.error"), { value: true });
    expect(other instanceof TidemarkError).toBe(true);
    expect(new Error("x") instanceof TidemarkError).toBe(false);
  });
  it("name the argument and show what it was, shortened", () => {
    expect(invalidArgument("step", "x".repeat(500), "a number").message).toMatch(
      /^step: got "x{80}…" \(500 characters\); expected a number$/,
    );
    expect([1, null, undefined, [1], {}, new Map(), () => 1, 5n].map(describeValue)).toEqual([
      "1",
      "null",
      "undefined",
      "an array of 1",
      "an object",
      "a Map object",
      "a function",
      "5n",
    ]);
  });
});

describe("diagnostics", () => {
  afterEach(() => {
    setLogger(undefined);
    vi.unstubAllEnvs();
  });
  const collect = () => {
    const lines: string[] = [];
    const add = (line: string) => void lines.push(line);
    setLogger({ debug: add, info: add, warn: add });
    return lines;
  };
  it("warn once per cause and hide credentials", () => {
    const lines = collect();
    warnOnce("base.test", "cannot reach https://me:secret@host/x");
    warnOnce("base.test", "again");
    expect(lines).toEqual(["tidemark: cannot reach https://***@host/x"]);
    expect(redact("s3://key:secret@bucket and http://u@h")).toBe("s3://***@bucket and http://***@h");
  });
  it.each([
    ["debug", 3],
    ["info", 2],
    ["warn", 1],
    ["silent", 0],
    ["", 1],
    ["nonsense", 1],
  ])("TIDEMARK_LOG=%s lets %i through", (level, count) => {
    vi.stubEnv("TIDEMARK_LOG", level);
    const lines = collect();
    for (const each of ["debug", "info", "warn"] as const) log(each, "x");
    expect(lines).toHaveLength(count);
  });
  it("survive a logger that throws", () => {
    const fail = () => {
      throw new Error("no");
    };
    setLogger({ debug: fail, info: fail, warn: fail });
    expect(() => log("warn", "x")).not.toThrow();
  });
});

describe("environment", () => {
  afterEach(() => vi.unstubAllEnvs());
  it("takes empty for absent, and knows MLflow's flags", () => {
    vi.stubEnv("TIDEMARK_TEST", "");
    expect(readEnv("TIDEMARK_TEST")).toBeUndefined();
    for (const [value, flag] of [
      ["true", true],
      ["TRUE", true],
      ["1", true],
      ["false", false],
      ["0", false],
    ] as const) {
      vi.stubEnv("TIDEMARK_TEST", value);
      expect(readEnvFlag("TIDEMARK_TEST")).toBe(flag);
    }
  });
  it("is consumed by one reader", () => {
    process.env.TIDEMARK_TEST = "x";
    expect([consumeEnv("TIDEMARK_TEST"), consumeEnv("TIDEMARK_TEST")]).toEqual(["x", undefined]);
  });
});

describe("ids and names", () => {
  it("have MLflow's form", () => {
    expect(newId()).toMatch(/^[0-9a-f]{32}$/);
    for (let i = 0; i < 500; i++) expect(newRunName()).toMatch(/^(?=.{1,20}$)[a-z]+-[a-z]+-\d{1,3}$/);
  });
});
