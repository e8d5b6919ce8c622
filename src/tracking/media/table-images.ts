import { randomUUID } from "node:crypto";
import { invalidArgument } from "../../base/errors.ts";
import { type ImagePaths, imagePaths } from "./log-image.ts";
import { isImage, type Picture, readPicture } from "./picture.ts";
import type { Table } from "./table.ts";

/** An image of a table, and where it goes. */
export interface TableImage {
  readonly picture: Picture;
  readonly paths: ImagePaths;
}

/**
 * The table with a reference in the place of every image, as MLflow's UI reads it, and the images.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for a column that holds images and something else: the UI goes by its first cell
 */
export function takeImages(table: Table, path: string): { table: Table; images: readonly TableImage[] } {
  const images: TableImage[] = [];
  const directory = `table_images/${path.replace(/\.json$/, "")}`;
  const imageColumns = table.columns.map((_, j) => table.rows.some((row) => isImage(row[j])));
  const rows = table.rows.map((row, i) =>
    row.map((cell, j) => {
      if (imageColumns[j] !== true || cell === null || cell === undefined) return cell;
      const place = `rows.${i}.${table.columns[j]}`;
      if (!isImage(cell)) throw invalidArgument(place, cell, "an image, like others in this column");
      const paths = imagePaths(`${directory}/${randomUUID()}`);
      images.push({ picture: readPicture(place, cell), paths });
      return { type: "image", filepath: paths.file, compressed_filepath: paths.preview };
    }),
  );
  return { table: { columns: table.columns, rows }, images };
}
