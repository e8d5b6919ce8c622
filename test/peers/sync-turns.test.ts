import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Client, connect } from "../../src/index.ts";
import { fillDirectory, syncToTheEnd } from "../support/interrupted-sync.ts";
import { startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { contentOf } from "../support/synced-stores.ts";

/** What a server cannot keep. Runs in the trash count: two that were made of one would be there. */
const ALIKE = { keepsIds: false, keepsModelIds: false };

/** Names of all that the registry keeps, of what lists leave out too. */
async function registeredNames({ registry }: Client): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of registry.searchModels()) names.push(name);
  const filter = "tags.`mlflow.prompt.is_prompt` = 'true'";
  for await (const { name } of registry.searchModels({ filter })) names.push(name);
  return names.sort();
}

async function filled() {
  const source = join(temporaryDirectory(), "mlruns");
  await fillDirectory(source, 6, 200);
  return { source, expected: await contentOf(await connect(source), ALIKE) };
}

async function startedServer() {
  const server = await startMlflowServer({});
  onTestFinished(() => server.kill());
  const to = await connect(server.address);
  onTestFinished(() => to.close());
  return { server, to };
}

describe.skipIf(leftOut("python"))("syncs to one MLflow server at once", () => {
  for (const count of [2, 4]) {
    it(`are one after the other: ${count} programs make one copy`, async () => {
      const { source, expected } = await filled();
      const { server, to } = await startedServer();
      const answers = await Promise.all(Array.from({ length: count }, () => syncToTheEnd(source, server.address)));
      expect(answers.flatMap(({ conflicts, failures }) => [...conflicts, ...failures])).toEqual([]);
      expect(answers.filter(({ isEqual }) => !isEqual)).toHaveLength(1);
      expect(await contentOf(to, ALIKE)).toEqual(expected);
      expect(await registeredNames(to)).toEqual(["digits", "empty"]);
    });
  }
});
