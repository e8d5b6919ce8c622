import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ParamSpec, paramSpecSchema } from "../../src/mlmodel/signature-schema.ts";
import { checkParams } from "../../src/models/predict/params.ts";
import { parseServingInput } from "../../src/models/serving/serving-input.ts";
import { formatServingOutput } from "../../src/models/serving/serving-output.ts";
import { caught, columnsOf, type Enforced, enforceBody, enforceInput, plain } from "../support/enforcement.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { BODIES, CSV_TEXTS, PARAM_SPECS, PARAM_VALUES, SIGNATURES } from "../support/predict-cases.ts";
import { runPython } from "../support/python.ts";

async function enforceInPython(cases: readonly object[]): Promise<Enforced[]> {
  const root = temporaryDirectory();
  const file = join(root, "cases.json");
  writeFileSync(file, JSON.stringify(cases));
  return (await runPython("enforce.py", [file], root)) as Enforced[];
}

type Kind = "refused by us" | "refused by MLflow" | "other values";

interface Difference {
  readonly why: string;
  readonly kind: Kind;
  /** Of our message, or where we have none, of MLflow's. */
  readonly message?: RegExp;
  /** The signature and the input. */
  readonly of?: RegExp;
}

/** Everything in which we mean to be other than MLflow. */
const DIFFERENCES: readonly Difference[] = [
  {
    why: "NumPy cuts fractions off, and wraps numbers that are out of range",
    kind: "refused by us",
    message: /got (-?[\d.]+n?|NaN|Infinity); expected (u?int\d|integer|long)/,
  },
  {
    why: "to NumPy true and false are 1 and 0",
    kind: "refused by us",
    message: /got (true|false); expected (u?int\d|float|integer|long|double)/,
  },
  {
    why: "NumPy and pandas read numbers out of texts",
    kind: "refused by us",
    message: /got "\d"; expected (u?int\d|float|integer|long|double)/,
  },
  { why: "to NumPy anything but 0 is true", kind: "refused by us", message: /expected bool/ },
  { why: "NumPy makes a text of anything", kind: "refused by us", message: /expected str/ },
  {
    why: "NumPy makes bytes of anything, and of a text those of its characters; here they are base64 in every form",
    kind: "refused by us",
    message: /expected (binary|bytes in base64)/,
  },
  { why: "numbers as dates are nanoseconds to pandas", kind: "refused by us", message: /expected datetime/ },
  {
    why: "misspelt names of tensors would go unnoticed",
    kind: "refused by us",
    message: /^input: got "\w"; expected only/,
  },
  {
    why: "a flat list is cut into examples",
    kind: "refused by MLflow",
    message: /Shape of input \(\d+,\) does not match/,
  },
  {
    why: "a matrix may stand for columns, and columns without names for a matrix",
    kind: "refused by MLflow",
    message: /missing inputs .* extra inputs: \[0/,
  },
  { why: "no rows are rows, too", kind: "refused by MLflow", of: /"inputs": \[\]/ },
  {
    why: "one row may be an object of single values",
    kind: "refused by MLflow",
    message: /using all scalar values|Shape of input \(\) does|un-named\s+model signature|unsized object/,
  },
  {
    why: "rows may be given for tensors",
    kind: "refused by MLflow",
    message: /Model is missing inputs \['x'\]\.$|no input names/,
    of: /"inputs": \[\{/,
  },
  { why: "rows may have any labels", kind: "refused by MLflow", message: /^KeyError: 0/, of: /"index": \[5\]/ },
  {
    why: "rows may be given for a fixed number of them",
    kind: "refused by MLflow",
    message: /first dimension of shape/,
  },
  {
    why: "JSON writes 1.0 as 1",
    kind: "refused by MLflow",
    message: /convert u?int64 to float64|data `2` wi|Invalid object type at position 0/,
  },
  {
    why: "each date is read by itself",
    kind: "refused by MLflow",
    message: /time data/,
  },
  { why: "an optional column that is not there is null", kind: "other values", of: /^double x, optional double z/ },
  { why: "null is no boolean: pandas makes false or true of it", kind: "other values", of: /^boolean x/ },
  {
    why: "MLflow takes a list of texts, and an empty one, for one row",
    kind: "other values",
    of: /^(any|array of double) x/,
  },
];

const PARAM_DIFFERENCES: readonly { readonly why: string; readonly value: string; readonly type: RegExp }[] = [
  { why: "to JavaScript 1.0 is 1", value: "1.0", type: /integer|long/ },
  { why: "an integer has 32 bits; Python's int has any number", value: "3000000000", type: /integer/ },
  { why: "NumPy takes the text of a number for a year", value: '"1"', type: /datetime/ },
];

function differenceOf(name: string, ours: Enforced, theirs: Enforced): Difference | undefined {
  const kind: Kind = ours.error ? "refused by us" : theirs.error ? "refused by MLflow" : "other values";
  return DIFFERENCES.find(
    (rule) =>
      rule.kind === kind &&
      (rule.message?.test(String(ours.error ?? theirs.error)) ?? true) &&
      (rule.of?.test(name) ?? true),
  );
}

const isSame = (ours: Enforced, theirs: Enforced) =>
  Boolean(ours.error && theirs.error) || JSON.stringify(ours) === JSON.stringify(theirs);

describe.skipIf(leftOut("python"))("what MLflow accepts, and what it makes of it", () => {
  it("is what we do, but for the differences that are meant", async () => {
    const cases = Object.entries(SIGNATURES).flatMap(([name, inputs]) =>
      BODIES.map((body) => ({ name: `${name} < ${body}`, inputs, body })),
    );
    const answers = await enforceInPython(cases.map(({ inputs, body }) => ({ schema: JSON.stringify(inputs), body })));
    const found = new Set<Difference>();
    const unexplained: unknown[] = [];
    let equal = 0;
    for (const [index, { name, inputs, body }] of cases.entries()) {
      const ours = enforceBody(inputs, body);
      const theirs = answers[index] as Enforced;
      if (isSame(ours, theirs)) {
        if (!ours.error) equal++;
        continue;
      }
      const difference = differenceOf(name, ours, theirs);
      if (difference === undefined) unexplained.push({ name, ours, theirs });
      else found.add(difference);
    }
    expect(unexplained).toEqual([]);
    expect(DIFFERENCES.filter((rule) => !found.has(rule))).toEqual([]);
    // Without agreement in many places the rules above would say nothing.
    expect(equal).toBeGreaterThan(200);
  });

  it("is what we do with arrays that have the type of the tensor", async () => {
    const arrays: Record<string, { dtype: string; data: ArrayLike<unknown>; dims: number[] }> = {
      float32: { dtype: "float32", data: Float32Array.of(0.1, Number.NaN, 2, 3), dims: [2, 2] },
      float64: { dtype: "float64", data: Float64Array.of(0.1, 1e300, 2, 3), dims: [2, 2] },
      int64: { dtype: "int64", data: BigInt64Array.of(1n, -(2n ** 63n), 2n ** 63n - 1n, 0n), dims: [2, 2] },
      uint8: { dtype: "uint8", data: Uint8Array.of(0, 255, 1, 2), dims: [2, 2] },
      bool: { dtype: "bool", data: [true, false, true, true], dims: [2, 2] },
      str: { dtype: "str", data: ["a", "", "ü", "\u{1f600}"], dims: [2, 2] },
    };
    const cases = Object.values(arrays).map(({ dtype, data, dims }) => {
      const inputs = [{ name: "x", type: "tensor" as const, "tensor-spec": { dtype, shape: [-1, 2] } }];
      const [a, b, c, d] = Array.from(data, plain);
      const values = [
        [a, b],
        [c, d],
      ];
      return { inputs, schema: JSON.stringify(inputs), arrays: { x: [dtype, values] }, given: { x: { data, dims } } };
    });
    const answers = await enforceInPython(cases.map(({ schema, arrays }) => ({ schema, arrays })));
    const ours = cases.map(({ inputs, given }) => enforceInput(inputs, given as never));
    expect(ours).toEqual(answers);
  });

  it("is what we do with CSV", async () => {
    const cases = CSV_TEXTS.map(([signature, csv]) => ({ inputs: SIGNATURES[signature], csv }));
    const answers = await enforceInPython(
      cases.map(({ inputs, csv }) => ({ schema: inputs === undefined ? "" : JSON.stringify(inputs), csv })),
    );
    const ours = cases.map(({ inputs, csv }) =>
      inputs === undefined
        ? columnsOf(parseServingInput("csv", csv).input as Record<string, unknown>[])
        : caught(() => enforceInput(inputs, parseServingInput("csv", csv, { inputs }).input)),
    );
    expect(ours).toEqual(answers);
  });

  it("is written by us as by its server", async () => {
    const values = fc.sample(fc.double({ noDefaultInfinity: true, noNaN: true }), 200).map((value) => value || 0);
    const output = {
      double: { data: Float64Array.from(values), dims: [2, 100] },
      float: { data: Float32Array.from(values), dims: [200] },
      whole: { data: BigInt64Array.of(2n ** 63n - 1n, -1n), dims: [2, 1] },
      flags: { data: [true, false], dims: [2] },
      texts: { data: ["a", "ü\n\u{1f600}"], dims: [2] },
      none: { data: new Float32Array(), dims: [0, 3] },
      odd: { data: Float64Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY), dims: [3] },
    };
    const half = [values.slice(0, 100), values.slice(100)];
    const [answer] = await enforceInPython([
      {
        predictions: {
          double: ["float64", half],
          float: ["float32", values],
          whole: ["int64", [["9223372036854775807"], [-1]]],
          flags: ["bool", [true, false]],
          texts: ["str", output.texts.data],
          none: ["float32", []],
          odd: ["float64", ["nan", "inf", "-inf"]],
        },
      },
    ]);
    expect({ text: formatServingOutput(output, { nonFinite: "bare" }) }).toEqual(answer);
  });

  it("is what we do with params, but for the differences that are meant", async () => {
    const cases = PARAM_SPECS.flatMap((spec) => PARAM_VALUES.map((value) => ({ spec, value })));
    const answers = await enforceInPython(
      cases.map(({ spec, value }) => ({ schema: JSON.stringify([spec]), params: `{"p": ${value}}` })),
    );
    const found = new Set<object>();
    const unexplained = cases.flatMap(({ spec, value }, index) => {
      const ours = caught(() => ({ params: plain(checkParams({ params: [specOf(spec)] }, { p: JSON.parse(value) })) }));
      const theirs = answers[index] as Enforced;
      if (isSame(ours, theirs)) return [];
      const difference = PARAM_DIFFERENCES.find((rule) => rule.value === value && rule.type.test(specOf(spec).type));
      if (difference === undefined) return [{ spec, value, ours, theirs }];
      found.add(difference);
      return [];
    });
    expect(unexplained).toEqual([]);
    expect(PARAM_DIFFERENCES.filter((rule) => !found.has(rule))).toEqual([]);
  });
});

const specOf = (spec: object): ParamSpec => paramSpecSchema.parse(spec) as ParamSpec;
