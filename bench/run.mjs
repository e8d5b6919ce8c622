// npm run bench [-- --smoke] [-- --only append,fs] [-- --rounds 5] [-- --write]
//
// Every case runs each of its variants in a process of its own, in alternation, so that a noisy moment of the machine hits all
// alike. What is printed are ratios of medians. --smoke only sees that everything runs; --write puts the rows into
// docs/benchmarks.md and leaves those of other cases there.
import { autologCases } from "./autolog.mjs";
import { rows } from "./harness.mjs";
import { httpCases } from "./http.mjs";
import { importCases } from "./import.mjs";
import { localCases } from "./local.mjs";
import { modelCases } from "./models.mjs";
import { isSmoke, only, shouldWrite } from "./options.mjs";
import { writePage } from "./page.mjs";
import { reportCases } from "./report.mjs";
import { s3Cases } from "./s3.mjs";
import { s3MetricsCases } from "./s3-metrics.mjs";
import { syncCases } from "./sync.mjs";

const cases = {
  ...localCases,
  ...httpCases,
  ...autologCases,
  ...modelCases,
  ...s3Cases,
  ...s3MetricsCases,
  ...importCases,
  ...reportCases,
  ...syncCases,
};
const names = Object.keys(cases);
const chosen = only ?? names;
for (const name of chosen) {
  if (cases[name] === undefined) throw new Error(`no bench ${name}; there are ${names.join(", ")}`);
}
for (const name of chosen) await cases[name]();

if (shouldWrite) writePage(names, chosen, rows);
const missed = rows.filter(({ reached }) => !reached).length;
// A smoke run sees that the cases work; sizes that small say nothing about speed.
if (!isSmoke && missed > 0) process.exitCode = 1;
