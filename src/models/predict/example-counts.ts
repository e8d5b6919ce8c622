import { invalidArgument } from "../../base/errors.ts";
import { isTypedArray, type ShapedTensor } from "../tensor-value.ts";
import type { TensorMap } from "./ports.ts";
import type { TensorTarget } from "./tensor-target.ts";

/**
 * Refuses tensors that were cut out of flat arrays into another number of examples than the others have: there it is
 * no longer clear what was meant.
 */
export function checkExampleCounts(
  place: string,
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
      throw unequalCounts(place, cut, cut === target ? other : target, tensors);
    }
    other ??= target;
  }
}

const isFlat = (value: unknown) => isTypedArray(value) || (Array.isArray(value) && !Array.isArray(value[0]));

function unequalCounts(place: string, cut: TensorTarget, other: TensorTarget, tensors: TensorMap) {
  const [count, others] = [cut, other].map(({ port }) => (tensors[port] as ShapedTensor).dims[0]);
  return invalidArgument(
    `${place}.${cut.name}`,
    `values of ${count} examples`,
    `those of ${others}, as ${JSON.stringify(other.name)} has`,
  );
}
