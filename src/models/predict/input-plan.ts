import { invalidArgument } from "../../base/errors.ts";
import type { ColumnSpec } from "../../mlmodel/column-type-schema.ts";
import type { Signature, TensorSpec } from "../../mlmodel/signature-schema.ts";
import { isTypedArray, type ShapedTensor } from "../tensor-value.ts";
import { isGivenTensor, isPlainObject, readTensor } from "./given-tensor.ts";
import { listOf, missingNames, unknownNames } from "./names.ts";
import type { TensorMap, TensorPort } from "./ports.ts";
import { type InputForm, NAMED_FORMS, type PredictInput, ROW_FORM, rowsForm, TENSOR_FORMS } from "./predict-types.ts";
import { type Column, castTable, type Table, tableOfColumns, tableOfMatrix, tableOfRows } from "./table.ts";
import { columnTensor, matrixTensor } from "./table-tensors.ts";
import { TensorTarget } from "./tensor-target.ts";

/** An input as a runtime takes it, and the terms in which its caller expects the answer. */
export interface EncodedInput {
  readonly tensors: TensorMap;
  readonly form: InputForm;
}

const PLACE = "input";
const ANY_INPUT = "a tensor, named tensors, rows, or one row";

/**
 * From what a caller gives to what a runtime takes, by the signature and by what the runtime says of its inputs. Everything that
 * depends on these alone is done in the constructor. What is right already is handed on without a copy.
 *
 * Values are cast as MLflow's scoring server casts them, as long as nothing is lost but the precision of floats: see {@link castValues}.
 */
export class InputPlan {
  readonly #targets: readonly TensorTarget[];
  readonly #names: readonly string[];
  /** The target of a model with one input. */
  readonly #only: TensorTarget | undefined;
  /** Of a signature of columns. */
  readonly #columns: readonly ColumnSpec[] | undefined;
  /** Whether the signature has tensors with names. */
  readonly #isNamed: boolean;

  /**
   * @param ports the runtime's inputs
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for an input with a name that no object can have
   */
  constructor(signature: Signature | undefined, ports: readonly TensorPort[]) {
    checkPortNames(ports);
    const { tensors, columns } = partsOf(signature);
    this.#columns = columns;
    this.#targets = ports.map((port) => new TensorTarget(port, specOf(port, ports, tensors)));
    this.#names = this.#targets.map(({ name }) => name);
    this.#only = this.#targets.length === 1 ? this.#targets[0] : undefined;
    this.#isNamed = tensors?.[0]?.name !== undefined;
  }

  /**
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` naming the field: `input.age: got "old"; expected double`
   */
  encode(input: PredictInput): EncodedInput {
    return this.#encodeAsIs(input) ?? this.#encode(input);
  }

  #encodeAsIs(input: PredictInput): EncodedInput | undefined {
    if (this.#columns !== undefined) return undefined;
    const only = this.#only;
    const tensor = only?.asIs(input);
    if (only === undefined || tensor === undefined) return this.#encodeNamedAsIs(input);
    const form = tensor === (input as unknown) ? TENSOR_FORMS.shaped : TENSOR_FORMS.typed;
    return { tensors: { [only.port]: tensor }, form };
  }

  #encodeNamedAsIs(input: unknown): EncodedInput | undefined {
    if (typeof input !== "object" || input === null || Object.getPrototypeOf(input) !== Object.prototype)
      return undefined;
    const tensors: Record<string, ShapedTensor> = {};
    let form = NAMED_FORMS.typed;
    for (const target of this.#targets) {
      const value = (input as Readonly<Record<string, unknown>>)[target.name];
      const tensor = target.asIs(value);
      if (tensor === undefined) return undefined;
      if (tensor === value && Object.is(target, this.#targets[0])) form = NAMED_FORMS.shaped;
      tensors[target.port] = tensor;
    }
    let count = 0;
    for (const _ in input) count++;
    if (count !== this.#targets.length) return undefined;
    if (count > 1) checkExampleCounts(this.#targets, tensors, input as Readonly<Record<string, unknown>>);
    return { tensors, form };
  }

  #encode(input: PredictInput): EncodedInput {
    if (this.#columns !== undefined) return this.#encodeTable(this.#columns, input);
    if (isGivenTensor(input)) return this.#encodeTensor(input);
    if (Array.isArray(input)) return { tensors: this.#tableTensors(rowsOf(input)), form: rowsForm(input.length) };
    if (!isPlainObject(input)) throw invalidArgument(PLACE, input, ANY_INPUT);
    if (Object.values(input).every(isGivenTensor)) return this.#encodeNamed(input);
    return { tensors: this.#tableTensors(rowOf(input)), form: ROW_FORM };
  }

  #encodeTensor(input: unknown): EncodedInput {
    const only = this.#only;
    if (only === undefined) {
      throw invalidArgument(PLACE, input, `tensors by name, as the model has several inputs: ${listOf(this.#names)}`);
    }
    const given = readTensor(PLACE, input);
    return { tensors: { [only.port]: only.encode(PLACE, given) }, form: TENSOR_FORMS[given.terms] };
  }

  #encodeNamed(named: Readonly<Record<string, unknown>>): EncodedInput {
    const given = Object.keys(named);
    const missing = this.#names.filter((name) => !Object.hasOwn(named, name));
    if (missing.length > 0) throw missingNames(PLACE, missing, given, this.#names);
    const unknown = given.filter((name) => !this.#names.includes(name));
    if (unknown.length > 0) throw unknownNames(PLACE, unknown, this.#names);
    const tensors: Record<string, ShapedTensor> = {};
    let form: InputForm | undefined;
    for (const target of this.#targets) {
      const place = `${PLACE}.${target.name}`;
      const tensor = readTensor(place, named[target.name]);
      form ??= NAMED_FORMS[tensor.terms];
      tensors[target.port] = target.encode(place, tensor);
    }
    checkExampleCounts(this.#targets, tensors, named);
    return { tensors, form: form ?? NAMED_FORMS.typed };
  }

  #encodeTable(columns: readonly ColumnSpec[], input: PredictInput): EncodedInput {
    const { table, form } = readTable(input, columns);
    return { tensors: this.#tableTensors(castTable(PLACE, table, columns)), form };
  }

  #tableTensors(table: Table): TensorMap {
    const only = this.#only;
    if (only !== undefined && !this.#isOneByName(only, table)) return { [only.port]: wholeTensor(table, only) };
    const byName = new Map(table.columns.map((column) => [column.name, column]));
    const missing = this.#names.filter((name) => !byName.has(name));
    if (missing.length > 0) throw missingNames(PLACE, missing, byName.keys(), this.#names);
    return Object.fromEntries(
      this.#targets.map((target) => [target.port, columnTensor(PLACE, byName.get(target.name) as Column, target)]),
    );
  }

  /** Whether the only tensor is a column of the table. Else it has all columns, where their number is that of its values. */
  #isOneByName({ name, shape }: TensorTarget, { columns }: Table): boolean {
    if (this.#columns !== undefined || !this.#isNamed) return false;
    const isMatrix = shape?.length === 2 && shape[1] === columns.length;
    return !isMatrix || columns.some((column) => column.name === name);
  }
}

/** A table as the one tensor of a model: a single column that has lists, or all columns. */
function wholeTensor(table: Table, target: TensorTarget): ShapedTensor {
  const [first] = table.columns;
  const isSingle = table.columns.length === 1 && target.shape !== undefined;
  const isLists = table.columns.length === 1 && first?.cells.some(isGivenTensor);
  return isSingle || isLists ? columnTensor(PLACE, first as Column, target) : matrixTensor(PLACE, table, target);
}

/**
 * Refuses tensors that were cut out of flat arrays into another number of examples than the others have: there it is no longer
 * clear what was meant.
 */
function checkExampleCounts(
  targets: readonly TensorTarget[],
  tensors: TensorMap,
  named: Readonly<Record<string, unknown>>,
): void {
  let other: TensorTarget | undefined;
  let cut: TensorTarget | undefined;
  for (const target of targets) {
    if (!target.takesAnyCount) continue;
    const { dims } = tensors[target.port] as ShapedTensor;
    if (dims.length > 1 && isFlat(named[target.name])) cut ??= target;
    if (other !== undefined && (tensors[other.port] as ShapedTensor).dims[0] !== dims[0] && cut !== undefined) {
      throw unequalCounts(cut, cut === target ? other : target, tensors);
    }
    other ??= target;
  }
}

const isFlat = (value: unknown) => isTypedArray(value) || (Array.isArray(value) && !Array.isArray(value[0]));

function unequalCounts(cut: TensorTarget, other: TensorTarget, tensors: TensorMap) {
  const [count, others] = [cut, other].map(({ port }) => (tensors[port] as ShapedTensor).dims[0]);
  return invalidArgument(
    `${PLACE}.${cut.name}`,
    `values of ${count} examples`,
    `those of ${others}, as ${JSON.stringify(other.name)} has`,
  );
}

/** A table in any of its forms, by a signature of columns. */
export function readTable(
  input: PredictInput,
  columns: readonly ColumnSpec[],
): { readonly table: Table; readonly form: InputForm } {
  if (Array.isArray(input) && (input.length === 0 || !isGivenTensor(input))) {
    return { table: rowsOf(input), form: rowsForm(input.length) };
  }
  if (isGivenTensor(input)) {
    const given = readTensor(PLACE, input);
    return { table: tableOfMatrix(PLACE, given, columns), form: TENSOR_FORMS[given.terms] };
  }
  if (!isPlainObject(input)) throw invalidArgument(PLACE, input, ANY_INPUT);
  const values = Object.values(input);
  const hasLists = columns.some(({ type }) => type === "array" || type === "object" || type === "map");
  if (hasLists || values.length === 0 || !values.every(isGivenTensor)) return { table: rowOf(input), form: ROW_FORM };
  const terms = values.every(Array.isArray) ? "nested" : readTensor(PLACE, values[0]).terms;
  return { table: tableOfColumns(PLACE, input), form: NAMED_FORMS[terms] };
}

const rowsOf = (rows: readonly unknown[]) => tableOfRows(PLACE, rows, (row) => `${PLACE}[${row}]`);
const rowOf = (row: unknown) => tableOfRows(PLACE, [row], () => PLACE);

/** The tensors or the columns that a signature has for inputs. */
export function partsOf(signature: Signature | undefined): {
  readonly tensors?: readonly TensorSpec[];
  readonly columns?: readonly ColumnSpec[];
} {
  const inputs = signature?.inputs;
  if (inputs === undefined) return {};
  return inputs[0]?.type === "tensor"
    ? { tensors: inputs as readonly TensorSpec[] }
    : { columns: inputs as readonly ColumnSpec[] };
}

/** What the signature says of an input: by its name, or because there is one of each. */
function specOf(
  port: TensorPort,
  ports: readonly TensorPort[],
  specs: readonly TensorSpec[] | undefined,
): TensorSpec | undefined {
  if (specs === undefined) return undefined;
  const isAlone = specs.length === 1 && ports.length === 1;
  return specs.find(({ name }) => name === port.name) ?? (isAlone ? specs[0] : undefined);
}

/** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
export function checkPortNames(ports: readonly TensorPort[]): void {
  if (ports.some(({ name }) => name === "__proto__")) {
    throw invalidArgument("ports", "__proto__", "a name that a member of an object can have");
  }
}
