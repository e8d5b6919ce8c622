/** What an unquoted scalar of YAML is to PyYAML. A timestamp is left as the text it is. */
export type PlainScalar = string | number | bigint | boolean | null;

// PyYAML's own expressions (yaml/resolver.py): they decide what needs quotes, and what is read as something else than text.
const BOOLEAN = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const TRUE = /^(?:yes|true|on)$/i;
const NULL = /^(?:~|null|Null|NULL|)$/;
const INTEGER =
  /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const TIMESTAMP =
  /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$/;
const INDICATOR = /^(?:<<|=|[!&*])$/;

/** True where an unquoted text would be something else than this text to PyYAML. */
export function isMoreThanText(text: string): boolean {
  return [BOOLEAN, NULL, INTEGER, FLOAT, TIMESTAMP, INDICATOR].some((form) => form.test(text));
}

/** The value of an unquoted scalar. Whole numbers beyond 2^53 come as bigint. */
export function readPlainScalar(text: string): PlainScalar {
  if (NULL.test(text)) return null;
  if (BOOLEAN.test(text)) return TRUE.test(text);
  if (INTEGER.test(text)) return readInteger(text.replaceAll("_", ""));
  if (FLOAT.test(text)) return readFloat(text.replaceAll("_", "").toLowerCase());
  return text;
}

/** Python's own limit. Reading more costs the square of it. */
export const MOST_DIGITS = 4_300;

function readInteger(text: string): number | bigint {
  if (text.length > MOST_DIGITS) throw new SyntaxError(`has a number of more than ${MOST_DIGITS} digits`);
  const digits = text.replace(/^[-+]/, "");
  const value = digits.includes(":") ? sexagesimal(digits) : BigInt(withBase(digits));
  const signed = text.startsWith("-") ? -value : value;
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}

function withBase(digits: string): string {
  if (/^0[bx]$/.test(digits)) return "0";
  return /^0[0-7]+$/.test(digits) ? `0o${digits}` : digits;
}

function sexagesimal(digits: string): bigint {
  return digits.split(":").reduce((value, part) => value * 60n + BigInt(part), 0n);
}

function readFloat(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1;
  const digits = text.replace(/^[-+]/, "");
  if (digits === ".inf") return sign * Number.POSITIVE_INFINITY;
  if (digits === ".nan") return Number.NaN;
  return sign * digits.split(":").reduce((value, part) => value * 60 + Number(part), 0);
}
