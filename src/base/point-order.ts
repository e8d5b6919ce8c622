/** Points of one metric as columns of equal length. */
export interface Points {
  readonly steps: Float64Array;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** The points by step, then timestamp, then as they come. Those in order already are answered as they are. */
export function orderPoints(points: Points): Points {
  const { steps, timestamps, values } = points;
  if (isOrdered(steps, timestamps)) return points;
  const order = Uint32Array.from(steps, (_, i) => i).sort(
    (a, b) =>
      (steps[a] as number) - (steps[b] as number) || (timestamps[a] as number) - (timestamps[b] as number) || a - b,
  );
  const inOrder = (column: Float64Array) => Float64Array.from(order, (position) => column[position] as number);
  return { steps: inOrder(steps), timestamps: inOrder(timestamps), values: inOrder(values) };
}

function isOrdered(steps: Float64Array, timestamps: Float64Array): boolean {
  for (let i = 1; i < steps.length; i++) {
    const order = (steps[i] as number) - (steps[i - 1] as number);
    if (order < 0 || (order === 0 && (timestamps[i] as number) < (timestamps[i - 1] as number))) return false;
  }
  return true;
}

/** A metric's latest value. */
export interface LatestPoint {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
}

/** Whether MLflow takes a point for later than another: by step, then timestamp, then value. */
export function isLaterPoint(
  a: Pick<LatestPoint, "step" | "timestamp" | "value">,
  b: Pick<LatestPoint, "step" | "timestamp" | "value">,
): boolean {
  if (a.step !== b.step) return a.step > b.step;
  return a.timestamp === b.timestamp ? a.value > b.value : a.timestamp > b.timestamp;
}

/** The point of the largest step, then timestamp, then value, as MLflow chooses it; `undefined` where there is none. */
export function latestPoint(
  key: string,
  { steps, timestamps, values }: Points,
  length = steps.length,
): LatestPoint | undefined {
  if (length === 0) return undefined;
  let latest = 0;
  for (let i = 1; i < length; i++) {
    const order =
      (steps[i] as number) - (steps[latest] as number) ||
      (timestamps[i] as number) - (timestamps[latest] as number) ||
      // Not a difference: that of two infinities is no number.
      ((values[i] as number) > (values[latest] as number) ? 1 : 0);
    if (order > 0) latest = i;
  }
  return {
    key,
    value: values[latest] as number,
    timestamp: timestamps[latest] as number,
    step: steps[latest] as number,
  };
}
