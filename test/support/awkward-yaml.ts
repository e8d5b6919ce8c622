import fc from "fast-check";

const pieces = fc.array(
  fc.constantFrom(
    ..."a|it's|- |word |x: |#| |  |\n|longerword |'|\"|\\|é|😀|\t|yes|12|[|{}|, |?|:|\u0085|\u2028|\ufeff|\x7f".split(
      "|",
    ),
  ),
  { maxLength: 60 },
);

/** Texts that YAML or JSON may take for something else. Without halves of surrogate pairs, which no file can hold. */
export const awkwardText = fc.oneof(
  fc.string(),
  pieces.map((list) => list.join("")),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(
    ..."yes|No|null|~||1e3|1e5|0o7|0777|0x1f|12:30|1_000|.inf|-.INF|.nan|2020-01-01|2020-1-1 1:02:03|=|<<|- a|a: b|# c|---|...|-|?|:|1.5e+3|!|&a|*a|%|@|0b|0x_".split(
      "|",
    ),
  ),
);

const number = fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger(), fc.constantFrom(-0, 1e16, 1e22, 1e-5, 1e-7));

// An object's own __proto__ is refused when it is read.
const key = awkwardText.filter((text) => text !== "__proto__");

/** Anything that JSON and YAML have a form for, and nothing that only one of them has. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    awkwardText,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

export const awkwardValue = value;
export const awkwardMapping = fc.dictionary(key, value, { maxKeys: 5, noNullPrototype: true });
