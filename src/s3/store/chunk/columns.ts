import { parseJson } from "../heads.ts";
import { damaged } from "../store-objects.ts";
import { type ColumnName, type ColumnPlan, readColumn } from "./column.ts";
import type { Directory, Section } from "./directory.ts";
import { unpackMember } from "./unpack.ts";

/** Values by row, `null` where a row has none; `undefined` where no row has one. */
export type Column = readonly unknown[] | undefined;

/** A head may have 32 MiB. */
export const LARGEST_PART_BYTES = 64 << 20;

/** The columns of one chunk, as far as somebody has asked for them. */
export class Columns {
  readonly #directory: Directory;
  readonly #plan: ColumnPlan<never>;
  readonly #place: string;
  readonly #loaded = new Map<string, Map<string, Column>>();

  /** @param plan - Which columns there can be. */
  constructor(directory: Directory, plan: ColumnPlan<never>, place: string) {
    this.#directory = directory;
    this.#plan = plan;
    this.#place = place;
  }

  /** @throws {TidemarkError} `DATA_DAMAGED` */
  async load(columns: readonly ColumnName[]): Promise<void> {
    const bySection = new Map<Section | undefined, ColumnName[]>();
    for (const column of columns) {
      if (this.#loaded.get(column.group)?.has(column.name) === true) continue;
      const section = this.#sectionOf(column);
      const others = bySection.get(section);
      if (others === undefined) bySection.set(section, [column]);
      else others.push(column);
    }
    await Promise.all([...bySection].map(([section, names]) => this.#loadFrom(section, names)));
  }

  /** One that was loaded. */
  get({ group, name }: ColumnName): Column {
    const columns = this.#loaded.get(group);
    const column = columns?.get(name);
    if (column === undefined && columns?.has(name) !== true) throw new Error(`column ${group} ${name} was not loaded`);
    return column;
  }

  #sectionOf({ group, name }: ColumnName): Section | undefined {
    return this.#directory.sections.find(
      (section) => section.group === group && section.first <= name && name <= section.last,
    );
  }

  async #loadFrom(section: Section | undefined, columns: readonly ColumnName[]): Promise<void> {
    if (section === undefined) {
      for (const column of columns) this.#keep(column, undefined);
      return;
    }
    const text = await unpackMember(section.bytes, LARGEST_PART_BYTES, this.#place);
    const json = parseJson(text.toString("utf8"), this.#place);
    if (!Array.isArray(json)) throw damaged(this.#place, "has a section that is no list of columns");
    for (const column of columns) this.#keep(column, this.#read(json, column));
  }

  #read(section: readonly unknown[], { group, name }: ColumnName): Column {
    const entry = section.find(
      (candidate): candidate is unknown[] => Array.isArray(candidate) && candidate[0] === name,
    );
    if (entry === undefined) return undefined;
    const isValue = (value: unknown) => this.#plan.get(group)?.isValue(name, value) === true;
    const column = readColumn(entry, this.#directory.rowCount, isValue);
    if (column === undefined) throw damaged(this.#place, `has a column ${JSON.stringify(name)} that is none`);
    return column;
  }

  #keep({ group, name }: ColumnName, column: Column): void {
    const columns = this.#loaded.get(group);
    if (columns === undefined) this.#loaded.set(group, new Map([[name, column]]));
    else columns.set(name, column);
  }
}
