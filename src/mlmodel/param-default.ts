/** A default of a param as JSON has it. Whole numbers beyond 2^53 are bigint. */
export type ParamDefault = string | number | bigint | boolean | null | ParamDefault[] | { [key: string]: ParamDefault };

const isWhole = (value: unknown) => typeof value === "bigint" || Number.isInteger(value);
const isNumber = (value: unknown) => typeof value === "bigint" || typeof value === "number";
const INT32_LIMIT = 2 ** 31;

const CHECKS: Readonly<Record<string, (value: unknown) => boolean>> = {
  boolean: (value) => typeof value === "boolean",
  integer: (value) => Number.isInteger(value) && Math.abs((value as number) + 0.5) < INT32_LIMIT,
  long: (value) => isWhole(value) && BigInt.asIntN(64, BigInt(value as number)) === BigInt(value as number),
  float: isNumber,
  double: isNumber,
  string: (value) => typeof value === "string",
  datetime: (value) => typeof value === "string" && /^\d{4}-\d{2}-\d{2}/.test(value),
};

/**
 * What MLflow would refuse about the default of a param, or `undefined`. Null is a default of any type but datetime: MLflow takes it there, and
 * then cannot write it.
 */
export function paramDefaultProblem({
  type,
  shape,
  default: value,
}: {
  readonly type: string;
  readonly shape?: readonly number[] | undefined;
  readonly default: ParamDefault;
}): string | undefined {
  if (type === "object") {
    return typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : "is no object";
  }
  const fits = (item: unknown) => (item === null && type !== "datetime") || (CHECKS[type]?.(item) ?? false);
  if (shape === undefined) return fits(value) ? undefined : `is no ${type}`;
  if (!Array.isArray(value)) return "is no list";
  return value.every(fits) ? undefined : `is no list of ${type}`;
}
