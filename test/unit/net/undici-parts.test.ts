import { expect, it } from "vitest";
import { loadUndici, loadWholeUndici } from "../../../src/net/undici-parts.ts";

/** Where undici and Node keep what `fetch` sends over. */
const SLOTS = [Symbol.for("undici.globalDispatcher.1"), Symbol.for("undici.globalDispatcher.2")];

it("the pools of undici are loaded without the rest, which would take the place of what the program's fetch goes through", async () => {
  const dispatchers = () => SLOTS.map((slot) => Reflect.get(globalThis, slot) as unknown);
  const before = dispatchers();
  const parts = await loadUndici();
  expect(dispatchers()).toEqual(before);
  // Nothing of it is a copy.
  const { Agent, Pool, buildConnector } = await loadWholeUndici();
  expect(dispatchers()).not.toEqual(before);
  expect([parts.Agent, parts.Pool, parts.buildConnector]).toEqual([Agent, Pool, buildConnector]);
});
