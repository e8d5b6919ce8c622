import { invalidArgument } from "../../base/errors.ts";
import type { ColumnSpec } from "../../mlmodel/column-type-schema.ts";
import type { Signature } from "../../mlmodel/signature-schema.ts";
import type { ShapedTensor } from "../tensor-value.ts";
import { checkExampleCounts } from "./example-counts.ts";
import { isGivenTensor, isPlainObject, readTensor } from "./given-tensor.ts";
import { listOf, missingNames, unknownNames } from "./names.ts";
import { ANY_INPUT, PLACE } from "./places.ts";
import type { TensorMap, TensorPort } from "./ports.ts";
import { type InputForm, NAMED_FORMS, type PredictInput, ROW_FORM, rowsForm, TENSOR_FORMS } from "./predict-types.ts";
import { readTable, rowOf, rowsOf } from "./read-table.ts";
import { checkPortNames, partsOf, specOf } from "./signature-parts.ts";
import { type Column, castTable, nameOf, type Table } from "./table.ts";
import { columnTensor, wholeTensor } from "./table-tensors.ts";
import { TensorTarget } from "./tensor-target.ts";

/** An input as a runtime takes it, and the terms in which its caller expects the answer. */
export interface EncodedInput {
  readonly tensors: TensorMap;
  readonly form: InputForm;
}

/**
 * From what a caller gives to what a runtime takes, by the signature and by what the runtime says of its inputs.
 * Everything that depends on these alone is done in the constructor. What is right already is handed on without a
 * copy.
 *
 * Values are cast as MLflow's scoring server casts them, as long as nothing is lost but the precision of floats: see
 * `castValues`.
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
    if (count > 1) checkExampleCounts(PLACE, this.#targets, tensors, input as Readonly<Record<string, unknown>>);
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
    checkExampleCounts(PLACE, this.#targets, tensors, named);
    return { tensors, form: form ?? NAMED_FORMS.typed };
  }

  #encodeTable(columns: readonly ColumnSpec[], input: PredictInput): EncodedInput {
    const { table, form } = readTable(input, columns);
    return { tensors: this.#tableTensors(castTable(PLACE, table, this.#wantedColumns(table, columns))), form };
  }

  /** A tensor that has no place for all columns is made of those that are there, as MLflow makes it. */
  #wantedColumns(table: Table, columns: readonly ColumnSpec[]): readonly ColumnSpec[] {
    const only = this.#only;
    if (only === undefined || only.shape?.[1] === columns.length) return columns;
    const given = new Set(table.columns.map(({ name }) => name));
    return columns.filter((spec, index) => spec.required || given.has(nameOf(spec, index)));
  }

  #tableTensors(table: Table): TensorMap {
    const only = this.#only;
    if (only !== undefined && !this.#isOneByName(only, table)) return { [only.port]: wholeTensor(PLACE, table, only) };
    const byName = new Map(table.columns.map((column) => [column.name, column]));
    const missing = this.#names.filter((name) => !byName.has(name));
    if (missing.length > 0) throw missingNames(PLACE, missing, byName.keys(), this.#names);
    return Object.fromEntries(
      this.#targets.map((target) => [target.port, columnTensor(PLACE, byName.get(target.name) as Column, target)]),
    );
  }

  /**
   * Whether the only tensor is a column of the table. Else it has all columns, where their number is that of its
   * values.
   */
  #isOneByName({ name, shape }: TensorTarget, { columns }: Table): boolean {
    if (this.#columns !== undefined || !this.#isNamed) return false;
    const isMatrix = shape?.length === 2 && shape[1] === columns.length;
    return !isMatrix || columns.some((column) => column.name === name);
  }
}
