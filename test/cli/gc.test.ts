import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import type { Client } from "../../src/tracking/client.ts";
import { tidemark, writeRun } from "../support/command-line.ts";
import { runDirectory, temporaryDirectory } from "../support/mlruns.ts";

const DAY_MS = 24 * 3_600_000;

let mlruns: string;
let client: Client;

beforeEach(async () => {
  mlruns = temporaryDirectory();
  client = await connect(mlruns);
});

async function deletedRun(name: string, days: number): Promise<string> {
  const id = await writeRun(client, { name });
  await client.runs.delete(id);
  const path = join(runDirectory(mlruns, id), "meta.yaml");
  const deleted = `deleted_time: ${Date.now() - days * DAY_MS}`;
  writeFileSync(path, readFileSync(path, "utf8").replace(/^deleted_time: .*$/m, deleted));
  return id;
}

describe("gc", () => {
  it("shows what it would delete, and deletes it when told to", async () => {
    const [old, used, young] = [
      await deletedRun("old", 31),
      await deletedRun("used", 31),
      await deletedRun("young", 3),
    ];
    await client.registry.createModel({ name: "digits" });
    await client.registry.createVersion({ name: "digits", source: `runs:/${used}/model` });
    const dry = await tidemark(mlruns, "gc");
    expect(dry.code).toBe(0);
    const [header, ...rows] = dry.stdout.trim().split("\n");
    expect(header).toBe("what\tid\tname\tsince\tsize\tbecomes");
    expect(rows).toEqual([
      expect.stringMatching(new RegExp(`^run\t${old}\told\t\\d{4}-.*Z\t\\d+\twould be deleted$`)),
      expect.stringMatching(new RegExp(`^run\t${used}\tused\t.*\tkept: version 1 of model "digits" refers to it$`)),
    ]);
    expect((await client.runs.get(old)).lifecycleStage).toBe("deleted");
    const answer = JSON.parse((await tidemark("/", "gc", mlruns, "--yes", "--json")).stdout);
    expect(answer).toMatchObject({
      dryRun: false,
      purged: [{ kind: "run", id: old }],
      kept: [{ id: used }],
      failed: [],
    });
    await expect(client.runs.get(old)).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
    expect(JSON.parse((await tidemark(mlruns, "gc", "--older-than", "2d", "--json")).stdout).purged).toMatchObject([
      { id: young },
    ]);
  });

  it("honours other registries", async () => {
    const [old, other] = [await deletedRun("old", 31), temporaryDirectory()];
    const registry = await connect(other);
    await registry.registry.createModel({ name: "far" });
    const { artifactUri } = await client.runs.get(old);
    await registry.registry.createVersion({ name: "far", source: `${artifactUri}/model` });
    const { stdout } = await tidemark(mlruns, "gc", "--yes", "--registry", other);
    expect(stdout).toContain('kept: version 1 of model "far" refers to it');
    expect((await client.runs.get(old)).lifecycleStage).toBe("deleted");
  });

  it("escapes what others have written", async () => {
    await deletedRun("\u001b[31mred", 31);
    expect((await tidemark(mlruns, "gc")).stdout).toContain("\ufffd[31mred");
  });

  it("refuses a wrong duration", async () => {
    const { code, stderr } = await tidemark(mlruns, "gc", "--older-than", "month");
    expect([code, stderr]).toEqual([2, expect.stringContaining("It is no duration")]);
  });
});
