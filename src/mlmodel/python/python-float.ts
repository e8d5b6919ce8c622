/** Python writes an exponent from here on, and below the other: JavaScript's borders are 1e21 and 1e-6. */
const LEAST_EXPONENT = -4;
const EXPONENT_LIMIT = 16;

/** A finite number as Python's `repr` writes a float: `1.0`, `1e-05`, `-0.0`. */
export function pythonFloat(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa = "", power = ""] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < LEAST_EXPONENT || exponent >= EXPONENT_LIMIT) {
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (exponent < 0) return `${value < 0 ? "-" : ""}0.${"0".repeat(-exponent - 1)}${mantissa.replace(/[-.]/g, "")}`;
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}
