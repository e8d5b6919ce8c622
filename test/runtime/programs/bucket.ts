// A program whose artifacts are in a bucket: by themselves, and as those of a run.
import { readFileSync, writeFileSync } from "node:fs";
import { connect, startRun } from "tidemark";
import { s3Artifacts } from "tidemark/s3";

async function main(uri: string): Promise<void> {
  const bytes = new Uint8Array(17 << 20).map((_, at) => at % 251);
  writeFileSync("up.bin", bytes);
  const artifacts = s3Artifacts(uri);
  await artifacts.upload("up.bin", "large ü.bin");
  await artifacts.download("large ü.bin", "down.bin");
  const isEqual = Buffer.from(bytes).equals(readFileSync("down.bin"));

  const client = await connect("./mlruns");
  await client.experiments.create({ name: "bucket", artifactLocation: uri });
  const run = await startRun({ client, experiment: "bucket" });
  await run.logText("hi", "notes.txt");
  await run.end();
  const notes = await client.artifacts.read({ runId: run.id, path: "notes.txt" });
  const names = (await artifacts.list()).map(({ path }) => path).filter((path) => !path.includes(run.id));
  console.log(JSON.stringify({ isEqual, notes: new TextDecoder().decode(notes), names }));
}

main(process.argv[2] ?? "");
