import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connect } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { sync } from "../../../src/sync/index.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { contentOf, fillStore } from "../../support/synced-stores.ts";

const directory = async () => await connect(join(temporaryDirectory(), "mlruns"));
const memory = async () => await connect(memoryBackend());

describe("sync", () => {
  for (const [name, openFrom, openTo] of [
    ["directory to directory", directory, directory],
    ["directory to memory", directory, memory],
    ["memory to directory", memory, directory],
    ["memory to memory", memory, memory],
  ] as const) {
    it(`makes an equal copy, and copies nothing the second time: ${name}`, async () => {
      const [from, to] = [await openFrom(), await openTo()];
      await fillStore(from);
      const first = await sync({ from, to });
      expect(first).toMatchObject({ conflicts: [], losses: [], failures: [], isEqual: false });
      expect(await contentOf(to)).toEqual(await contentOf(from));
      const again = await sync({ from, to });
      expect(again).toMatchObject({ conflicts: [], losses: [], failures: [], isEqual: true });
      expect(again.equal).toEqual({
        ...first.copied,
        experiments: again.equal.experiments,
        tags: again.equal.tags,
        changes: 0,
      });
    });
  }
});
