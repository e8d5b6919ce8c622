import { readFile } from "node:fs/promises";
import { invalidArgument, messageOf } from "../base/errors.ts";
import { loadModel } from "../models/load/load-model.ts";
import { parseServingInput } from "../models/serving/serving-input.ts";
import { formatServingOutput } from "../models/serving/serving-output.ts";
import { type Session, withClient } from "./session.ts";

interface PredictOptions {
  readonly model: string;
  /** A path, or `-`. */
  readonly input: string;
  readonly type: "json" | "csv";
  /** The type was asked for. */
  readonly isTyped: boolean;
  readonly flavor?: string;
  readonly allowCode?: boolean;
}

/** `tidemark models predict`: one document of JSON, as MLflow's servers answer it. */
export async function predictWith(session: Session, options: PredictOptions): Promise<undefined> {
  const { model: source, input, flavor, allowCode = false } = options;
  const text = await readInput(input);
  await withClient(session, async (client) => {
    const model = await loadModel(source, { client, allowCode, ...(flavor === undefined ? {} : { flavor }) });
    try {
      const { input: data, params } = parseServingInput(typeOf(options), text, model.signature);
      const answer = await model.predict(data, { params });
      session.out.lines([formatServingOutput(answer, { outputName: model.ports?.outputs[0]?.name })]);
    } finally {
      await model.close();
    }
  });
  return undefined;
}

const typeOf = ({ type, isTyped, input }: PredictOptions) => (!isTyped && /\.csv$/i.test(input) ? "csv" : type);

async function readInput(path: string): Promise<string> {
  try {
    return path === "-" ? await readStdin() : await readFile(path, "utf8");
  } catch (error) {
    throw invalidArgument("--input", messageOf(error), "a file that can be read, or - for stdin");
  }
}

async function readStdin(): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString("utf8");
}
