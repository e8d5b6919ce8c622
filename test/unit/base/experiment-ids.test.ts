import { describe, expect, it } from "vitest";
import { experimentIdFor } from "../../../src/base/experiment-ids.ts";

describe("experimentIdFor", () => {
  it("follows from the name, in MLflow's form", () => {
    expect(experimentIdFor("Default", 0)).toBe("0");
    expect(experimentIdFor("digits", 0)).toMatch(/^[1-9]\d{17}$/);
    expect(experimentIdFor("digits", 0)).toBe(experimentIdFor("digits", 0));
    expect(new Set([0, 1, 2].map((attempt) => experimentIdFor("Default", attempt))).size).toBe(3);
  });
});
