import { describe, expect, it } from "vitest";
import type { Signature } from "../../../../src/mlmodel/signature-schema.ts";
import { InputPlan } from "../../../../src/models/predict/input-plan.ts";
import { OutputPlan } from "../../../../src/models/predict/output-plan.ts";
import type { TensorMap, TensorPort } from "../../../../src/models/predict/ports.ts";
import type { PredictInput } from "../../../../src/models/predict/predict-types.ts";
import type { TensorData } from "../../../../src/models/tensor-value.ts";

const port = (name: string, dtype = "float32"): TensorPort => ({ name, dtype, shape: undefined });

const INPUT = new InputPlan(undefined, [{ name: "x", dtype: "float32", shape: [-1, 2] }]);
const { form: TYPED } = INPUT.encode(new Float32Array(4));
const { form: NESTED } = INPUT.encode([[1, 2]]);
const { form: SHAPED } = INPUT.encode({ data: new Float32Array(4), dims: [2, 2] });
const { form: NAMED } = INPUT.encode({ x: new Float32Array(4) });
const { form: ROWS } = INPUT.encode([
  { a: 1, b: 2 },
  { a: 3, b: 4 },
]);
const { form: ROW } = INPUT.encode({ a: 1, b: 2 } as PredictInput);

const scores = { data: Float32Array.of(0.5, 1, 1.5, 2), dims: [2, 2] };
const labels = { data: BigInt64Array.of(7n, 2n ** 60n), dims: [2] };

describe("one output", () => {
  const plan = new OutputPlan(undefined, [port("y")]);

  it.each([
    ["a typed array", TYPED, scores.data],
    [
      "nested arrays",
      NESTED,
      [
        [0.5, 1],
        [1.5, 2],
      ],
    ],
    ["data and dims", SHAPED, scores],
    ["a name", NAMED, { y: scores.data }],
    ["rows", ROWS, [{ y: [0.5, 1] }, { y: [1.5, 2] }]],
  ])("for %s is in the same terms", (_, form, expected) => {
    expect(plan.decode({ y: scores }, form)).toEqual(expected);
  });

  it("keeps the axis of the examples, for one of them too", () => {
    const y = { data: Float32Array.of(1, 2), dims: [1, 2] };
    expect(plan.decode({ y }, NESTED)).toEqual([[1, 2]]);
    expect(plan.decode({ y }, ROW)).toEqual({ y: [1, 2] });
    expect(plan.decode({ y: { data: Float32Array.of(3), dims: [] } }, NESTED)).toBe(3);
  });

  it("that is right is not copied", () => {
    expect(plan.decode({ y: scores }, TYPED)).toBe(scores.data);
    expect((plan.decode({ y: scores }, SHAPED) as typeof scores).data).toBe(scores.data);
  });

  it.each([
    ["one axis", [2], [{ y: 1 }, { y: 2 }]],
    ["a second axis of one", [2, 1], [{ y: 1 }, { y: 2 }]],
    ["two more axes of one", [2, 1, 1], [{ y: [[1]] }, { y: [[2]] }]],
    ["an empty axis", [2, 0], [{ y: [] }, { y: [] }]],
  ])("with %s is a value, or a list, in each row", (_, dims, expected) => {
    const size = dims.reduce((product, length) => product * length, 1);
    expect(plan.decode({ y: { data: Float32Array.of(1, 2).subarray(0, size), dims } }, ROWS)).toEqual(expected);
  });

  it("without a row for each is refused where rows are asked for", () => {
    expect(() => plan.decode({ y: { data: Float32Array.of(1), dims: [1] } }, ROWS)).toThrow(
      expect.objectContaining({
        code: "INVALID_STATE",
        message: expect.stringContaining('"y" of 1 has no row for each of 2'),
      }),
    );
    expect(() => plan.decode({ y: { data: Float32Array.of(1), dims: [] } }, ROW)).toThrow(
      expect.objectContaining({ code: "INVALID_STATE" }),
    );
  });
});

describe("several outputs", () => {
  const plan = new OutputPlan(undefined, [port("label", "int64"), port("score")]);
  const tensors: TensorMap = { score: scores, label: labels };

  it.each([
    ["typed", TYPED, { label: labels.data, score: scores.data }],
    ["shaped", SHAPED, { label: labels, score: scores }],
    [
      "nested",
      NESTED,
      {
        label: [7, 2n ** 60n],
        score: [
          [0.5, 1],
          [1.5, 2],
        ],
      },
    ],
    ["named", NAMED, { label: labels.data, score: scores.data }],
    [
      "rows",
      ROWS,
      [
        { label: 7, score: [0.5, 1] },
        { label: 2n ** 60n, score: [1.5, 2] },
      ],
    ],
  ])("are named: %s", (_, form, expected) => {
    expect(plan.decode(tensors, form)).toEqual(expected);
  });

  it("are those that the runtime gave", () => {
    expect(plan.decode({ score: scores }, TYPED)).toEqual({ score: scores.data });
  });
});

describe("the values of lists and rows", () => {
  const values = (dtype: string, data: TensorData) => {
    const y = { data, dims: [2] };
    const plan = new OutputPlan(undefined, [port("y", dtype)]);
    const rows = plan.decode({ y }, ROWS) as { y: unknown }[];
    expect(rows.map((row) => row.y)).toEqual(plan.decode({ y }, NESTED));
    return plan.decode({ y }, NESTED);
  };

  it.each<[string, TensorData, unknown]>([
    ["bool", Uint8Array.of(1, 0), [true, false]],
    ["float16", Uint16Array.of(0x3c00, 0xc000), [1, -2]],
    ["int64", BigInt64Array.of(-5n, 2n ** 53n), [-5, 2n ** 53n]],
    ["uint64", BigUint64Array.of(5n, 2n ** 63n), [5, 2n ** 63n]],
    ["uint8", Uint8Array.of(1, 0), [1, 0]],
    ["str", ["a", "b"], ["a", "b"]],
  ])("of %s", (dtype, data, expected) => {
    expect(values(dtype, data)).toEqual(expected);
  });

  it("are only changed there", () => {
    const y = { data: Uint8Array.of(1, 0), dims: [2] };
    expect(new OutputPlan(undefined, [port("y", "bool")]).decode({ y }, TYPED)).toBe(y.data);
  });
});

describe("a signature with columns of outputs", () => {
  const outputs = (...names: (string | undefined)[]): Signature => ({
    outputs: names.map((name) => ({
      type: "double",
      required: true,
      ...(name === undefined ? {} : { name }),
    })) as never,
  });

  it("names the values of a row", () => {
    const plan = new OutputPlan(outputs("cat", "dog"), [port("y")]);
    expect(plan.decode({ y: scores }, ROWS)).toEqual([
      { cat: 0.5, dog: 1 },
      { cat: 1.5, dog: 2 },
    ]);
    expect(plan.decode({ y: scores }, NESTED)).toEqual([
      [0.5, 1],
      [1.5, 2],
    ]);
  });

  it.each([
    ["another number of them", outputs("cat")],
    ["columns without names", outputs(undefined, undefined)],
    ["one name twice", outputs("cat", "cat")],
    ["tensors", { outputs: [{ type: "tensor" as const, "tensor-spec": { dtype: "float32", shape: [-1, 2] } }] }],
  ])("does not where it has %s", (_, signature) => {
    expect(new OutputPlan(signature, [port("y")]).decode({ y: scores }, ROWS)).toEqual([
      { y: [0.5, 1] },
      { y: [1.5, 2] },
    ]);
  });

  it("does not where there are several outputs", () => {
    const plan = new OutputPlan(outputs("cat", "dog"), [port("y"), port("z")]);
    expect(plan.decode({ y: scores, z: scores }, ROWS)).toMatchObject([{ y: [0.5, 1] }, { z: [1.5, 2] }]);
  });
});

it("an output that no object can have is refused", () => {
  expect(() => new OutputPlan(undefined, [port("__proto__")])).toThrow(
    expect.objectContaining({ code: "INVALID_PARAMETER_VALUE" }),
  );
});
