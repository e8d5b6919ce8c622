import { describe, expect, it } from "vitest";
import { flattenParam, flattenParams } from "../../../src/tracking/flatten-params.ts";

const flat = (params: Record<string, unknown>) =>
  Object.fromEntries(flattenParams(params).map(({ key, value }) => [key, value]));

describe("params from objects", () => {
  it("have dotted keys", () => {
    expect(flat({ optimizer: { name: "adam", betas: { first: 0.9, second: 0.999 } }, epochs: 3 })).toEqual({
      "optimizer.name": "adam",
      "optimizer.betas.first": "0.9",
      "optimizer.betas.second": "0.999",
      epochs: "3",
    });
  });

  it("are the text of what they are", () => {
    class Schedule {
      warmUp = 10;
    }
    class Optimizer {
      toString() {
        return "adam(0.1)";
      }
    }
    expect(
      flat({
        units: [64, 32, [1]],
        kernel: Float32Array.of(1, 2),
        start: new Date(0),
        shuffle: true,
        nothing: null,
        missing: undefined,
        large: 2n ** 64n,
        minusZero: -0,
        infinite: Number.POSITIVE_INFINITY,
        pattern: /x+/g,
        schedule: new Schedule(),
        optimizer: new Optimizer(),
        bare: Object.assign(Object.create(null), { a: 1 }),
        empty: {},
        text: "",
      }),
    ).toEqual({
      units: "[64,32,[1]]",
      kernel: "[1,2]",
      start: "1970-01-01T00:00:00.000Z",
      shuffle: "true",
      nothing: "null",
      missing: "undefined",
      large: "18446744073709551616",
      minusZero: "0",
      infinite: "Infinity",
      pattern: "/x+/g",
      "schedule.warmUp": "10",
      optimizer: "adam(0.1)",
      "bare.a": "1",
      empty: "{}",
      text: "",
    });
  });

  it("may hold one object twice", () => {
    const layer = { units: 8 };
    expect(flat({ first: layer, second: layer })).toEqual({ "first.units": "8", "second.units": "8" });
  });

  it("are one for a key with a plain value", () => {
    expect(flattenParam("lr", 0.1)).toEqual([{ key: "lr", value: "0.1" }]);
    expect(flattenParam("fit", { epochs: 2 })).toEqual([{ key: "fit.epochs", value: "2" }]);
  });

  const circle: Record<string, unknown> = {};
  circle.self = { circle };
  const list: unknown[] = [];
  list.push(list);
  it.each<[string, unknown, string]>([
    ["a circle", { a: circle }, "params.a.self.circle"],
    ["a circle of arrays", { list }, "params.list"],
    ["a function", { a: { activation: () => 1 } }, "params.a.activation"],
    ["a symbol", { a: Symbol("x") }, "params.a"],
    ["an invalid date", { a: new Date(Number.NaN) }, "params.a"],
    ["a bigint in an array", { a: [1n] }, "params.a"],
    ["a value too long", { a: "x".repeat(6_001) }, "6000"],
    ["a key MLflow does not take", { "a?b": 1 }, "a?b"],
    ["a dotted key too long", { [`a${"b".repeat(200)}`]: { ["c".repeat(50)]: 1 } }, "250"],
    ["two values for one key", { "a.b": 1, a: { b: 2 } }, "params.a.b"],
    ["no object", "params", "expected an object"],
    ["null", null, "expected an object"],
    ["an array", [1], "expected an object"],
  ])("cannot be made of %s", (_what, params, named) => {
    expect(() => flattenParams(params as Record<string, unknown>)).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining(named) }),
    );
  });
});
