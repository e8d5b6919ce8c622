import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { parsePythonJson } from "../../src/mlmodel/python/python-json.ts";
import { loadModel } from "../../src/models/load/load-model.ts";
import type { LoadedModel } from "../../src/models/load/loaded-model.ts";
import { parseServingInput } from "../../src/models/serving/serving-input.ts";
import { formatServingOutput } from "../../src/models/serving/serving-output.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { runPython } from "../support/python.ts";

interface Case {
  readonly model: string;
  /** As MLflow's servers take it. */
  readonly body: string;
  /** What pyfunc answers, as the servers write it; null where it fails. */
  readonly answer: string | null;
}

/** Where we answer otherwise than MLflow, and mean it: by the model and the form of the body. */
const OWN_ANSWERS: Readonly<Record<string, unknown>> = {
  // Rows are answered by rows, of tensors too.
  "named tensor dataframe_split": [{ Y: [17.5, 20, 22.5] }],
  // MLflow cannot give texts of a table to ONNX Runtime.
  "column of texts dataframe_split": [
    { s_out: "ü", n_out: 1 },
    { s_out: "", n_out: 2 },
  ],
};

const WITH_EXAMPLES = [
  "named tensor",
  "unnamed tensor",
  "several tensors",
  "bool tensor",
  "str tensor",
  "columns of one tensor",
  "params",
];

const formOf = ({ body }: Case) => Object.keys(JSON.parse(body) as object).find((key) => key !== "params");

async function answerOf(model: LoadedModel, body: string): Promise<string> {
  const { input, params } = parseServingInput("json", body, model.signature);
  const [output, ...more] = (model.native as ort.InferenceSession).outputNames;
  return formatServingOutput(await model.predict(input, { params }), {
    nonFinite: "bare",
    outputName: more.length === 0 ? output : undefined,
  });
}

describe.skipIf(leftOut("python"))("models that Python saved in ONNX", () => {
  it("answer in Node what they answer in Python, with every kind of signature, and take their input examples", async () => {
    const root = temporaryDirectory();
    await runPython("save_onnx_models.py", [root], root);
    const cases = JSON.parse(readFileSync(join(root, "cases.json"), "utf8")) as Case[];
    const others: Record<string, unknown> = {};
    for (const each of cases) {
      await using model = await loadModel(join(root, each.model), { ort });
      const answer = parsePythonJson(await answerOf(model, each.body)) as { predictions: unknown };
      const expected = each.answer === null ? null : parsePythonJson(each.answer);
      const isSame = JSON.stringify(plain(answer)) === JSON.stringify(plain(expected));
      if (!isSame) others[`${each.model} ${formOf(each)}`] = answer.predictions;
    }
    expect(others).toEqual(OWN_ANSWERS);
    expect(cases.length).toBeGreaterThan(30);
    for (const name of WITH_EXAMPLES) {
      await using model = await loadModel(join(root, name), { ort });
      const example = await model.inputExample();
      if (example === undefined) throw new Error(`${name} has no input example`);
      await expect(model.predict(example)).resolves.toBeDefined();
    }
  });
});

/** Numbers that JSON does not have, as texts. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, member: unknown) =>
      typeof member === "bigint" || (typeof member === "number" && !Number.isFinite(member)) ? String(member) : member,
    ),
  );
