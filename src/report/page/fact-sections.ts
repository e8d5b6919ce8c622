import { bytesText } from "../../base/amounts.ts";
import type { ReportPayload } from "../payload.ts";
import { element, section } from "./dom.ts";
import { count } from "./format.ts";
import { longTable } from "./long-table.ts";
import { runHead } from "./run-label.ts";

const MOST_OMISSIONS = 500;

/** The datasets that runs used. */
export function datasetSection({ runs }: ReportPayload): HTMLElement | undefined {
  const rows = runs.flatMap(({ datasets }, index) => datasets.map((dataset) => ({ index, dataset })));
  if (rows.length === 0) return undefined;
  const runColumn = runs.length > 1 ? ["Run"] : [];
  const table = longTable({
    label: "Datasets",
    heads: ["Name", ...runColumn, "Used for", "Digest", "Source", "Profile"],
    rows,
    textOf: ({ dataset }) => `${dataset.name} ${dataset.context} ${dataset.digest} ${dataset.source}`,
    cells: ({ index, dataset }) => {
      const run = runs[index];
      return [
        dataset.name,
        ...(runs.length > 1 && run !== undefined ? [runHead(run, index)] : []),
        dataset.context,
        element("code", {}, dataset.digest),
        `${dataset.sourceType} ${dataset.source}`.trim(),
        dataset.profile,
      ];
    },
  });
  return section("datasets", "Datasets", table);
}

/** What each run has written. */
export function fileSection({ runs }: ReportPayload): HTMLElement | undefined {
  const lists = runs.flatMap((run, index) => {
    if (run.files.length === 0) return [];
    const total = run.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const table = longTable({
      label: `Files of ${run.name}`,
      heads: ["Path", "Size"],
      rows: run.files,
      numbers: (column) => column === 1,
      textOf: ({ path }) => path,
      cells: ({ path, sizeBytes }) => [path, bytesText(sizeBytes)],
    });
    const summary = element(
      "summary",
      {},
      runs.length > 1 && runHead(run, index),
      `${count(run.files.length, "file")}, ${bytesText(total)}`,
    );
    return [element("details", { class: "panel" }, summary, table)];
  });
  return lists.length === 0 ? undefined : section("files", "Files", ...lists);
}

/** What is not here, and why. */
export function omissionSection({ leftOut, runs }: ReportPayload): HTMLElement | undefined {
  if (leftOut.length === 0) return undefined;
  const names = new Map(runs.map(({ id, name }) => [id, name]));
  const table = longTable({
    label: "Left out",
    heads: ["What", "Name", "Run", "Why"],
    rows: leftOut.slice(0, MOST_OMISSIONS),
    textOf: ({ what, name, why }) => `${what} ${name} ${why}`,
    cells: ({ what, name, runId, why }) => [what, name, names.get(runId) ?? runId, why],
  });
  const more = leftOut.length - MOST_OMISSIONS;
  return section(
    "left-out",
    "Left out",
    element("p", { class: "lead" }, "What the runs have and this page has not, or not whole."),
    table,
    more > 0 && element("p", { class: "note" }, `And ${more} more.`),
  );
}
