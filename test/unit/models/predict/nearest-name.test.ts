import { describe, expect, it } from "vitest";
import { nearestName } from "../../../../src/models/predict/nearest-name.ts";

describe("the name that was meant", () => {
  it.each([
    ["age", ["name", "Age"], "Age"],
    ["sepal_width", ["petal_width", "sepal_widht"], "sepal_widht"],
    ["x", ["X"], "X"],
    ["temperature", ["temprature"], "temprature"],
  ])("%s is among %j", (wanted, names, expected) => {
    expect(nearestName(wanted, names)).toBe(expected);
  });

  it.each([
    ["x", ["y"]],
    ["age", ["height", "size"]],
    ["a".repeat(200), ["a".repeat(199)]],
  ])("%s is not among %j", (wanted, names) => {
    expect(nearestName(wanted, names)).toBeUndefined();
  });
});
