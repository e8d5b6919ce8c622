import { describe, expect, it } from "vitest";
import type { ParamSpec, Signature } from "../../../../src/mlmodel/signature-schema.ts";
import { checkParams } from "../../../../src/models/predict/params.ts";

const signature: Signature = {
  params: [
    { name: "temperature", type: "double", default: 0.5 },
    { name: "limit", type: "long", default: 10 },
    { name: "greedy", type: "boolean", default: false },
    { name: "stop", type: "string", default: ["."], shape: [-1] },
    { name: "since", type: "datetime", default: "2024-01-01T00:00:00" },
    {
      name: "style",
      type: "object",
      default: { tone: "dry" },
      properties: { tone: { type: "string", required: true } },
    },
  ] as ParamSpec[],
};

const DEFAULTS = {
  temperature: 0.5,
  limit: 10,
  greedy: false,
  stop: ["."],
  since: new Date("2024-01-01T00:00:00Z"),
  style: { tone: "dry" },
};

const refused = (message: string | RegExp) =>
  expect.objectContaining({
    code: "INVALID_PARAMETER_VALUE",
    message: typeof message === "string" ? message : expect.stringMatching(message),
  });

describe("params", () => {
  it("have defaults", () => {
    expect(checkParams(signature, undefined)).toEqual(DEFAULTS);
    expect(checkParams(signature, {})).toEqual(DEFAULTS);
    expect(checkParams(signature, { limit: undefined })).toEqual(DEFAULTS);
  });

  it.each<[string, unknown, unknown]>([
    ["temperature", 1, 1],
    ["temperature", 2n, 2],
    ["temperature", null, null],
    ["limit", 3n, 3],
    ["limit", 2n ** 60n, 2n ** 60n],
    ["greedy", true, true],
    ["stop", [], []],
    ["stop", ["a", "b"], ["a", "b"]],
    ["since", "2024-02-03", new Date("2024-02-03T00:00:00Z")],
    ["since", "2024-02-03T04:05:06+02:00", new Date("2024-02-03T02:05:06Z")],
    ["since", new Date(5), new Date(5)],
    ["style", { tone: "wet" }, { tone: "wet" }],
  ])("%s may be %o", (name, value, expected) => {
    expect(checkParams(signature, { [name]: value })).toEqual({ ...DEFAULTS, [name]: expected });
  });

  it.each<[string, unknown, string | RegExp]>([
    ["temperature", "hot", 'params.temperature: got "hot"; expected double'],
    ["temperature", true, /^params\.temperature: got true/],
    ["limit", 1.5, /^params\.limit: got 1.5; expected long/],
    ["limit", 2n ** 63n, /^params\.limit/],
    ["greedy", 1, "params.greedy: got 1; expected boolean"],
    ["stop", "a", 'params.stop: got "a"; expected a list of string'],
    ["stop", ["a", 1], "params.stop[1]: got 1; expected string"],
    ["since", "yesterday", /^params\.since: got "yesterday"; expected datetime/],
    ["since", new Date(Number.NaN), /^params\.since/],
    ["style", { tone: 1 }, "params.style.tone: got 1; expected string"],
    ["style", { tune: "a" }, /^params\.style: got no "tone" \(there is "tune"\)/],
    ["style", { tone: "a", more: 1 }, /^params\.style: got "more"/],
    ["style", [], /^params\.style: got an array/],
  ])("%s may not be %o", (name, value, message) => {
    expect(() => checkParams(signature, { [name]: value })).toThrow(refused(message));
  });

  it("that are unknown are refused, with the one that was meant", () => {
    expect(() => checkParams(signature, { temprature: 1, x: 2 })).toThrow(
      refused(/^params: got "temprature" \(is "temperature" meant\?\), "x"; expected only "temperature", "limit"/),
    );
    expect(() => checkParams(undefined, { a: 1 })).toThrow(refused('params: got "a"; expected none'));
    expect(checkParams(undefined, {})).toEqual({});
    expect(() => checkParams(signature, [] as never)).toThrow(refused(/^params: got an array of 0/));
  });
});
