import { invalidArgument } from "../../base/errors.ts";
import type { ColumnSpec } from "../../mlmodel/column-type-schema.ts";
import type { Signature, TensorSpec } from "../../mlmodel/signature-schema.ts";
import type { TensorPort } from "./ports.ts";

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
export function specOf(
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
