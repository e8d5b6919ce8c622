import { join } from "node:path";
import { expect, it } from "vitest";
import { connect } from "../../src/index.ts";
import { tidemark, writeRun } from "../support/command-line.ts";
import { temporaryDirectory } from "../support/mlruns.ts";

it("copies a store, says what it did, and answers by its exit code", async () => {
  const root = temporaryDirectory();
  const [from, to] = [join(root, "a"), join(root, "b")];
  const client = await connect(from);
  const runId = await writeRun(client, { params: { lr: "0.1" }, metrics: { loss: [1, 0.5] } });
  await writeRun(client, { experiment: "other", name: "other" });

  const dry = await tidemark(root, "sync", from, to, "--dry-run", "-e", "digits");
  expect([dry.code, dry.stdout]).toEqual([
    0,
    expect.stringContaining("would copy 1 experiment, 1 run, 2 values, 1 param"),
  ]);
  const first = await tidemark(root, "sync", from, to, "--experiment", "digits", "--filter", "metrics.loss < 1");
  expect([first.code, first.stdout]).toEqual([0, expect.stringContaining("copied 1 experiment, 1 run, 2 values")]);
  const second = await tidemark(root, "sync", from, to, "--experiment", "digits");
  expect([second.code, second.stdout.split("\n")[0]]).toEqual([0, "copied nothing"]);

  const copy = await connect(to);
  await copy.runs.setTag({ runId, key: "note", value: "\u001b[31mtheirs" });
  await client.runs.setTag({ runId, key: "note", value: "ours" });
  const differs = await tidemark(root, "sync", from, to, "--no-models", "--no-artifacts");
  expect(differs.code).toBe(1);
  expect(differs.stdout).toContain(`conflict: run ${runId}: tags.note is "ours" in the source and "`);
  expect(differs.stdout).not.toContain("\u001b");
  const { code, stdout } = await tidemark(root, "sync", from, to, "--overwrite", "--json");
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { copied: { tags: 1 }, conflicts: [{ isOverwritten: true }] }]);
  expect((await copy.runs.get(runId)).tags.note).toBe("ours");

  expect(await tidemark(root, "sync", from, from)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("is the source itself"),
  });
  expect((await tidemark(root, "sync", from)).code).toBe(2);
});
