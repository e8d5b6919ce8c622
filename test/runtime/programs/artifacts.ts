// Everything a run takes as files, and what comes back.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, startRun } from "tidemark";

async function main(): Promise<void> {
  const run = await startRun({ experiment: "matrix" });
  mkdirSync("plots/deep", { recursive: true });
  writeFileSync("plots/one ü.bin", new Uint8Array(100_000).fill(7));
  writeFileSync("plots/deep/two.txt", "two");
  await run.logText("hi", "notes.txt");
  await run.logJson({ layers: [4, 2] }, "config/model.json");
  await run.logTable({ text: ["a", "b"], score: [0.1, 0.9] }, "scores.json");
  await run.logImage({ data: new Uint8Array(16).fill(255), width: 2, height: 2 }, "white.png");
  await run.logArtifacts("plots", { path: "plots" });
  await run.end();

  const client = await connect();
  const listed = await client.artifacts.list({ runId: run.id });
  await client.artifacts.download({ runId: run.id, path: "plots", destination: "down" });
  const text = async (path: string) => new TextDecoder().decode(await client.artifacts.read({ runId: run.id, path }));
  console.log(
    JSON.stringify({
      names: listed.map(({ path }) => path).sort(),
      notes: await text("notes.txt"),
      config: JSON.parse(await text("config/model.json")),
      isEqual: readFileSync("down/plots/one ü.bin").equals(readFileSync("plots/one ü.bin")),
      two: readFileSync("down/plots/deep/two.txt", "utf8"),
    }),
  );
  await client.close();
}

main();
