import type { ColumnSource, ParquetWriteOptions, Writer } from "hyparquet-writer";
import { messageOf, TidemarkError } from "../../base/errors.ts";

/** The package that writes Parquet. Nobody has to have it who only reads. */
const WRITER_PACKAGE = "hyparquet-writer";

/** What is used of it. */
export interface ParquetWriterPackage {
  parquetWrite(options: ParquetWriteOptions): void | Promise<void>;
  readonly ByteWriter: new (initialBytes?: number) => Writer;
}

export type { ColumnSource };

let loaded: Promise<ParquetWriterPackage> | undefined;

/** @throws {TidemarkError} `NOT_IMPLEMENTED` where it is not installed */
export async function parquetWriter(): Promise<ParquetWriterPackage> {
  loaded ??= load(WRITER_PACKAGE);
  return await loaded;
}

// The name in a variable: bundlers and the compiler leave it alone, since it is optional.
async function load(name: string): Promise<ParquetWriterPackage> {
  try {
    return await import(name);
  } catch (error) {
    const message = `metrics in a bucket are written as Parquet, which takes a package that is not installed: npm install ${name} (${messageOf(error)})`;
    throw new TidemarkError("NOT_IMPLEMENTED", message, { cause: error });
  }
}
