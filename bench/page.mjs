// docs/benchmarks.md: one table of all cases. Those that did not run keep their rows.
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { root } from "./harness.mjs";
import { rounds } from "./options.mjs";

const path = join(root, "docs/benchmarks.md");

const HEAD = `# Benchmarks

Written by \`npm run bench -- --write\`. Each variant ran in a process of its own, in alternation with the others; the figures are
medians. The machines are shared. Compare ratios, not absolutes.

| bench | measured | figure | must reach | reached | on |
|---|---|---|---|---|---|
`;
const FOOT = `
How each is measured: \`bench/cases/\`. Named peers: Python MLflow 3.17.2 (FileStore for what is local), npm \`mlflow\` 2.0.7, and the plainest
loop that does the same work. What begins with \`http\` talks to \`mlflow server\` on SQLite, one server for all variants. What
begins with \`s3\` talks to versitygw; beside it are AWS's SDK (\`@aws-sdk/client-s3\`, \`@aws-sdk/lib-storage\`), hyparquet and hyparquet-writer.
`;

const machine = `${os.cpus().length} cores (${os.cpus()[0]?.model ?? "unknown"}), Node ${process.versions.node}, ${rounds} rounds`;

/**
 * @param names - All cases, in the order of their rows.
 * @param ran - Those that `rows` are of.
 */
export function writePage(names, ran, rows) {
  const kept = readFileSync(path, "utf8")
    .split("\n")
    .map((line) => ({ bench: /^\| (\w+) \|/.exec(line)?.[1], line }));
  const written = rows.map(({ bench, what, figure, limit, reached }) => ({
    bench,
    line: `| ${[bench, what, figure, limit, reached ? "yes" : "no", machine].join(" | ")} |`,
  }));
  const table = names.flatMap((name) => (ran.includes(name) ? written : kept).filter(({ bench }) => bench === name));
  writeFileSync(path, `${HEAD}${table.map(({ line }) => `${line}\n`).join("")}${FOOT}`);
}
