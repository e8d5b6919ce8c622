import { TidemarkError } from "../../base/errors.ts";
import type { TensorMap, TensorPort } from "../predict/ports.ts";
import type { OrtNamespace, OrtSession, OrtTensor } from "../runtimes.ts";
import type { ShapedTensor } from "../tensor-value.ts";
import type { ModelPorts, TensorPredictor } from "./flavor.ts";

/** ONNX Runtime's names of types to NumPy's, where they differ. */
const DTYPES: Readonly<Record<string, string>> = { string: "str" };
const TYPES: Readonly<Record<string, string>> = { str: "string" };

/**
 * A session as a predictor.
 *
 * @param portsOfModel - Asked where the session says nothing of its types, as before ONNX Runtime 1.21.
 */
export function sessionPredictor(
  runtime: OrtNamespace,
  session: OrtSession,
  portsOfModel: () => ModelPorts | undefined,
): TensorPredictor {
  const ports = portsOfSession(session) ?? portsOfModel();
  if (ports === undefined) {
    throw new TidemarkError(
      "NOT_IMPLEMENTED",
      "this ONNX Runtime does not say what the model takes: 1.21 or later does",
    );
  }
  const types = new Map(ports.inputs.map(({ name, dtype }) => [name, TYPES[dtype] ?? dtype]));
  const { Tensor } = runtime;
  return {
    takes: "tensors",
    native: session,
    ports,
    async run(tensors: TensorMap): Promise<TensorMap> {
      const feeds: Record<string, unknown> = {};
      for (const name in tensors) {
        const tensor = tensors[name] as ShapedTensor;
        feeds[name] =
          tensor instanceof Tensor ? tensor : new Tensor(types.get(name) as string, tensor.data, tensor.dims);
      }
      const answers = await session.run(feeds);
      for (const name in answers) {
        const { location } = answers[name] as OrtTensor;
        if (location !== undefined && location !== "cpu") return await downloaded(answers);
      }
      return answers as unknown as TensorMap;
    },
    close: () => session.release?.(),
  };
}

/** Tensors that are on another device. */
async function downloaded(answers: Readonly<Record<string, OrtTensor>>): Promise<TensorMap> {
  const read = Object.entries(answers).map(async ([name, tensor]) => {
    const data = tensor.getData === undefined ? tensor.data : await tensor.getData(true);
    return [name, { data, dims: tensor.dims }] as const;
  });
  return Object.fromEntries(await Promise.all(read)) as TensorMap;
}

function portsOfSession({ inputMetadata, outputMetadata }: OrtSession): ModelPorts | undefined {
  if (inputMetadata === undefined || outputMetadata === undefined) return undefined;
  return { inputs: inputMetadata.map(portOf), outputs: outputMetadata.map(portOf) };
}

const portOf = ({ name, type, shape }: NonNullable<OrtSession["inputMetadata"]>[number]): TensorPort => ({
  name,
  // What is no tensor has no type that NumPy knows.
  dtype: type === undefined ? "object" : (DTYPES[type] ?? type),
  shape: shape?.map((length) => (typeof length === "number" && length >= 0 ? length : -1)),
});
