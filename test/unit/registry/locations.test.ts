import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { canonicalLocation, isConfined, isWithin, locationBelow } from "../../../src/registry/locations.ts";

describe("locations", () => {
  it.each([
    ["model", resolve("model")],
    ["/models/../models/a/", "/models/a"],
    ["file:///models/a%20b/", "/models/a b"],
    ["s3://bucket/model//", "s3://bucket/model"],
    ["https://user:secret@host/api/x/", "https://host/api/x"],
    ["https://us@er:sec@ret@host/x@y", "https://host/x@y"],
  ])("%s is %s", (location, canonical) => {
    expect(canonicalLocation(location)).toBe(canonical);
  });

  it.each([
    ["file:///runs/1/artifacts", "a b/100%#", "file:///runs/1/artifacts/a%20b/100%25%23"],
    ["/runs/1/artifacts", "a b/100%#", "/runs/1/artifacts/a b/100%#"],
    ["mlflow-artifacts:/0/1/artifacts/", "a b", "mlflow-artifacts:/0/1/artifacts/a b"],
    ["s3://bucket/1", undefined, "s3://bucket/1"],
  ])("below %s, %s is %s", (location, path, below) => {
    expect(locationBelow(location, path)).toBe(below);
  });

  it("knows what lies below what", () => {
    expect(isWithin("/runs/1/artifacts/model", "file:///runs/1/artifacts")).toBe(true);
    expect(isWithin("s3://b/1/", "s3://b/1")).toBe(true);
    expect(isWithin("/runs/1/artifacts/../../2", "/runs/1/artifacts")).toBe(false);
    expect(isWithin("s3://b/11", "s3://b/1")).toBe(false);
  });

  it("knows what others reach", () => {
    const [server, directory] = [{ uri: "https://server" }, { uri: "file:///mlruns" }];
    const confined = (location: string) => [isConfined(location, server), isConfined(location, directory)];
    for (const location of ["/a", "file:///a", "memory:0/a", "mlflow-artifacts:/a"]) {
      expect(confined(location), location).toEqual([true, true]);
    }
    expect(confined("http://host/api/2.0/mlflow-artifacts/artifacts/a")).toEqual([true, false]);
    for (const location of ["s3://b/a", "gs://b/a"]) expect(confined(location)).toEqual([false, false]);
  });
});
