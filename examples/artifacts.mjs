// Files of a run: put in from disk or from memory, listed, read, and copied out again.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, withRun } from "tidemark";

const scratch = await mkdtemp(join(tmpdir(), "tidemark-artifacts-"));
await writeFile(join(scratch, "weights.bin"), new Float32Array([0.25, 0.5, 0.75]));
await writeFile(join(scratch, "labels.txt"), "zero\none\ntwo\n");

const runId = await withRun({ experiment: "examples", name: "artifacts" }, async (run) => {
  await run.logText("3 weights, 3 labels", "summary.txt");
  await run.logJson({ accuracy: 0.97 }, "reports/result.json");
  await run.logArtifact(join(scratch, "weights.bin"), { path: "checkpoints" });
  await run.logArtifacts(scratch, {
    path: "model",
    onProgress: ({ file, transferredBytes, totalBytes }) =>
      console.log(`${file}: ${transferredBytes} of ${totalBytes} bytes`),
  });
  return run.id;
});

const client = await connect();
for (const { path, isDirectory, sizeBytes } of await client.artifacts.list({ runId })) {
  console.log(isDirectory ? `${path}/` : `${path}, ${sizeBytes} bytes`);
}
const report = await client.artifacts.read({ runId, path: "reports/result.json" });
console.log("accuracy:", JSON.parse(new TextDecoder().decode(report)).accuracy);
const copy = await client.artifacts.download({ runId, path: "model", destination: join(scratch, "copy") });
console.log(`copied model/ to ${copy}`);
await rm(scratch, { recursive: true });
