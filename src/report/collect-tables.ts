import { z } from "zod";
import { messageOf } from "../base/errors.ts";
import { relativePathProblem } from "../base/paths.ts";
import { announcedTables } from "../tracking/media/logged-artifacts.ts";
import { cellText, parseTable } from "../tracking/media/table-json.ts";
import type { ImageAlbum, ImageSource } from "./image-album.ts";
import type { Omissions } from "./omissions.ts";
import type { CheckedReportOptions } from "./options.ts";
import type { ReportCell, ReportFile, ReportMatrix, ReportTable } from "./payload.ts";
import { readBounded } from "./read-bounded.ts";

const MOST_TABLES = 50;
const MOST_COLUMNS = 100;
/** Beyond it no cell of a matrix can be read. */
const MOST_CLASSES = 100;
const MATRIX_NAME = /(^|\/)[^/]*confusion[ _-]?matrix[^/]*\.json$/i;

/** What reading files of a run needs. */
export interface FileReading {
  readonly source: ImageSource;
  readonly files: readonly ReportFile[];
  readonly album: ImageAlbum;
  readonly limits: CheckedReportOptions;
  readonly omissions: Omissions;
}

/** The tables that a run's tag lists. */
export async function collectTables(reading: FileReading, loggedArtifacts: string | undefined): Promise<ReportTable[]> {
  const { source, omissions } = reading;
  const paths = tablePaths(loggedArtifacts);
  const tables: ReportTable[] = [];
  for (const path of paths.slice(0, MOST_TABLES)) {
    const bytes = await readFile(reading, "table", path);
    if (bytes === undefined) continue;
    try {
      tables.push(await showTable(reading, path, bytes));
    } catch (error) {
      omissions.add({ what: "table", runId: source.runId, name: path, why: messageOf(error) });
    }
  }
  if (paths.length > MOST_TABLES) {
    const why = `${MOST_TABLES} of ${paths.length} tables are shown`;
    omissions.add({ what: "table", runId: source.runId, name: paths[MOST_TABLES] as string, why });
  }
  return tables;
}

const tablePaths = (tag: string | undefined): string[] =>
  [...new Set(announcedTables(tag).filter((path) => relativePathProblem(path) === undefined))].sort();

async function showTable({ source, album, limits, omissions }: FileReading, path: string, bytes: Uint8Array) {
  const table = parseTable(path, bytes);
  const { maxTableRows } = limits;
  const columns = table.columns.slice(0, MOST_COLUMNS);
  if (table.rows.length > maxTableRows || table.columns.length > columns.length) {
    const [shown, all] = [Math.min(maxTableRows, table.rows.length), table.rows.length];
    const why = `${shown} of ${all} rows and ${columns.length} of ${table.columns.length} columns are shown`;
    omissions.add({ what: "table", runId: source.runId, name: path, why });
  }
  const rows: ReportCell[][] = [];
  for (const row of table.rows.slice(0, maxTableRows)) {
    const cells: ReportCell[] = [];
    for (const cell of row.slice(0, MOST_COLUMNS)) {
      const image = imageCellSchema.safeParse(cell).data;
      const embedded = image === undefined ? undefined : await embedCell(source, album, image);
      cells.push(embedded ?? omissions.cut(cellText(cell)));
    }
    rows.push(cells);
  }
  return {
    path: omissions.cut(path),
    columns: columns.map((name) => omissions.cut(name)),
    rows,
    totalRows: table.rows.length,
  };
}

const imageCellSchema = z.object({
  type: z.literal("image"),
  filepath: z.string(),
  compressed_filepath: z.string().optional(),
});

async function embedCell(source: ImageSource, album: ImageAlbum, cell: z.infer<typeof imageCellSchema>) {
  const path = cell.compressed_filepath ?? cell.filepath;
  if (relativePathProblem(path) !== undefined) return undefined;
  return await album.embed(source, path).catch(() => undefined);
}

const countsSchema = z.array(z.array(z.number().nonnegative()));
const matrixSchema = z.union([
  countsSchema.transform((counts) => ({ counts, labels: undefined })),
  z.object({ labels: z.array(z.coerce.string()).optional(), counts: countsSchema }),
]);

/** Files of JSON that are called confusion matrix, and are one: `{ labels, counts }`, or the counts alone. */
export async function collectMatrices(reading: FileReading): Promise<ReportMatrix[]> {
  const { source, files, omissions } = reading;
  const matrices: ReportMatrix[] = [];
  for (const { path } of files.filter((file) => MATRIX_NAME.test(file.path))) {
    const bytes = await readFile(reading, "matrix", path);
    if (bytes === undefined) continue;
    const matrix = parseMatrix(bytes);
    if (typeof matrix === "string") omissions.add({ what: "matrix", runId: source.runId, name: path, why: matrix });
    else
      matrices.push({
        path: omissions.cut(path),
        labels: matrix.labels.map((label) => omissions.cut(label)),
        counts: matrix.counts,
      });
  }
  return matrices;
}

function parseMatrix(bytes: Uint8Array): Omit<ReportMatrix, "path"> | string {
  let content: unknown;
  try {
    content = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    return messageOf(error);
  }
  const { success, data } = matrixSchema.safeParse(content);
  if (!success) return 'is no confusion matrix: expected {"labels": [...], "counts": [[...], ...]}';
  const { counts } = data;
  if (counts.length === 0 || counts.length > MOST_CLASSES) return `has ${counts.length} classes`;
  if (counts.some((row) => row.length !== counts.length)) return "is not square";
  return { counts, labels: counts.map((_, index) => data.labels?.[index] ?? String(index)) };
}

/** The bytes of a file; `undefined`, and a note why, where it is too large or cannot be read. */
async function readFile(reading: FileReading, what: "table" | "matrix", path: string): Promise<Uint8Array | undefined> {
  const { source, files, limits, omissions } = reading;
  const size = files.find((file) => file.path === path)?.sizeBytes ?? 0;
  const omit = (why: string): undefined => omissions.add({ what, runId: source.runId, name: path, why });
  if (size > limits.maxFileBytes) return omit(`has ${size.toLocaleString("en")} bytes`);
  try {
    const bytes = await readBounded(source.store, path, limits.maxFileBytes);
    return typeof bytes === "string" ? omit(bytes) : bytes;
  } catch (error) {
    return omit(messageOf(error));
  }
}
