// Two runs in one file, and what that file holds.
import { readFileSync } from "node:fs";
import { type Run, withRun } from "tidemark";
import { report } from "tidemark/report";

async function main(): Promise<void> {
  const runs: Run[] = [];
  for (const lr of [0.1, 0.2]) {
    await withRun({ experiment: "matrix", name: `rate ${lr}`, params: { lr } }, async (run) => {
      for (let step = 0; step < 100; step++) run.logMetric("loss", lr / (step + 1));
      await run.logImage({ data: new Uint8Array(4096).fill(9), width: 64, height: 64 }, "plots/grey.png");
      runs.push(run);
    });
  }
  const { file, bytes, leftOut } = await report(runs, { file: "pages/report.html" });
  const html = readFileSync(file, "utf8");
  const payload = JSON.parse(/id="report">(.*?)<\/script>/s.exec(html)?.[1] ?? "");
  console.log(
    JSON.stringify({
      leftOut: leftOut.length,
      isWhole: html.length === bytes && html.trimEnd().endsWith("</html>"),
      runs: payload.runs.map(({ name }: { name: string }) => name),
      images: html.match(/id="image-\d+"/g)?.length,
      curves: payload.curves.length,
    }),
  );
}

main();
