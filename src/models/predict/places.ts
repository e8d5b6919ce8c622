/** What messages call the first argument of `predict`. */
export const PLACE = "input";
export const ANY_INPUT = "a tensor, named tensors, rows, or one row";

/** The place of a value in a tensor, for messages: `input.x[1][2]`. */
export function placeInTensor(place: string, dims: readonly number[], index: number): string {
  let rest = index;
  const steps: string[] = [];
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const length = dims[axis] as number;
    steps.unshift(`[${rest % length}]`);
    rest = Math.floor(rest / length);
  }
  return place + steps.join("");
}

/** A shape for messages: `any x 4`. */
export const shapeText = (shape: readonly number[]): string =>
  shape.length === 0 ? "no axes" : shape.map((length) => (length < 0 ? "any" : String(length))).join(" x ");
