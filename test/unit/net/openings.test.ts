import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Openings } from "../../../src/net/openings.ts";

type Connector = Parameters<Openings["spread"]>[0];

const OPTIONS = { hostname: "a", protocol: "http:", port: "80" } as Parameters<Connector>[0];

describe("connections that are opened", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  it("come one after the other, the first at once", () => {
    const opened: number[] = [];
    const connect = new Openings().spread(() => void opened.push(performance.now()));
    const begun = performance.now();
    for (let n = 0; n < 4; n++) connect(OPTIONS, () => {});
    expect(opened).toEqual([begun]);
    vi.advanceTimersByTime(100);
    expect(opened.map((at) => at - begun)).toEqual([0, 5, 10, 15]);
  });

  it("don't wait where none was opened lately", () => {
    const connector = vi.fn();
    const connect = new Openings().spread(connector);
    connect(OPTIONS, () => {});
    vi.advanceTimersByTime(5);
    connect(OPTIONS, () => {});
    expect(connector).toHaveBeenCalledTimes(2);
  });
});
