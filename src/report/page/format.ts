import { shortNumber as plainNumber } from "../../base/short-number.ts";

/** A value as a person compares it, with the signs of mathematics. */
export function shortNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  return signed(plainNumber(value));
}

const signed = (text: string): string => text.replaceAll("-", "−");

export const wholeNumber = (value: number): string =>
  Number.isFinite(value) ? signed(value.toLocaleString("en", { maximumFractionDigits: 6 })) : shortNumber(value);

/** A mark of an axis: as many digits as tell it from its neighbours. */
export function axisNumber(value: number, distance: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) {
    const digits = Math.max(0, Math.min(6, Math.floor(Math.log10(size)) - Math.floor(Math.log10(distance || size))));
    return signed(value.toExponential(digits).replace("e+", "e"));
  }
  let decimals = 0;
  while (decimals < 6 && Math.abs(distance * 10 ** decimals - Math.round(distance * 10 ** decimals)) > 1e-6) decimals++;
  return signed(value.toFixed(decimals).replace(/^-0$/, "0"));
}

/** A mark of an axis of seconds. */
export function secondsText(seconds: number): string {
  const size = Math.abs(seconds);
  const [unit, name] =
    size < 120 ? [1, "s"] : size < 7_200 ? [60, "min"] : size < 172_800 ? [3_600, "h"] : [86_400, "d"];
  return signed(`${Number((seconds / unit).toPrecision(4))} ${name}`);
}

/** Local time. Files may hold times that no date has: these stay numbers. */
export function dateText(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return String(ms);
  const two = (part: number) => String(part).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
