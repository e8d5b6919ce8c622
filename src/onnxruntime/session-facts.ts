import type { OrtMetadata, OrtNamespace, OrtSession, OrtTensor, OrtValues } from "./ort-types.ts";

/** What was asked for when a session was made. */
export interface AskedOptions {
  /** Names of the execution providers in their order; `default` where none were named. */
  readonly executionProviders: string;
  /** The other options that are text, number or boolean. */
  readonly others: Readonly<Record<string, string | number | boolean>>;
}

/** Reads the options of `create`, and keeps nothing of them: onnxruntime-web changes the object it is given. */
export function askedOptions(args: readonly unknown[]): AskedOptions {
  const options = (args.slice(1).find((arg) => typeof arg === "object" && arg !== null) ?? {}) as OrtValues;
  const { executionProviders: providers } = options;
  const names = Array.isArray(providers) ? providers.map(providerName) : [];
  const others: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(options)) {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") others[key] = value;
  }
  return { executionProviders: names.length === 0 ? "default" : names.join(", "), others };
}

const providerName = (provider: unknown): string =>
  typeof provider === "object" && provider !== null ? String((provider as OrtValues).name) : String(provider);

/** `node 1.30.0` as package and version, as far as the namespace says. */
export function runtimeOf({ env }: OrtNamespace): { readonly name: string; readonly version: string } | undefined {
  const versions = (env as { readonly versions?: OrtValues } | undefined)?.versions;
  for (const [key, version] of Object.entries(versions ?? {})) {
    if (key !== "common" && typeof version === "string") return { name: `onnxruntime-${key}`, version };
  }
  return undefined;
}

/** Inputs or outputs in one line: `x: float32[batch,64], y: int64[batch]`. */
export function describeValues(names: readonly string[], metadata: readonly OrtMetadata[] | undefined): string {
  return names
    .map((name, index) => {
      const about = metadata?.[index];
      if (about === undefined) return name;
      return about.isTensor ? `${name}: ${about.type}[${about.shape.join(",")}]` : `${name}: no tensor`;
    })
    .join(", ");
}

/** The same of the values themselves. */
export function describeFeeds(feeds: unknown): string {
  if (typeof feeds !== "object" || feeds === null) return "";
  return Object.entries(feeds)
    .map(([name, value]) => {
      const tensor = value as OrtTensor | undefined | null;
      return Array.isArray(tensor?.dims) ? `${name}: ${tensor.type}[${tensor.dims.join(",")}]` : name;
    })
    .join(", ");
}

/**
 * The input whose first dimension is the batch: the first whose first dimension varies, else the first that has two or more.
 * `undefined` where there is none.
 */
export function batchInputOf(session: Partial<OrtSession>, feeds: unknown): string | undefined {
  const { inputMetadata, inputNames } = session;
  const varying = inputMetadata?.find((about) => about.isTensor && typeof about.shape[0] === "string");
  if (varying !== undefined) return varying.name;
  const rank = (name: string) => (feeds as OrtValues | undefined)?.[name] as OrtTensor | undefined;
  return inputNames?.find((name) => (rank(name)?.dims?.length ?? 0) >= 2);
}

/** The length of a tensor's first dimension; 0 where there is none. */
export function batchSizeOf(feeds: unknown, input: string): number {
  const tensor = (feeds as OrtValues | undefined)?.[input] as OrtTensor | undefined;
  return tensor?.dims?.[0] ?? 0;
}

// What MLflow calls NumPy's types; the others have the same name in both.
const NUMPY_NAMES: Readonly<Record<string, string>> = { string: "str" };

/**
 * The signature as MLflow writes it into MLmodel files: tensors by name, with -1 for lengths that vary. `undefined` where the session does
 * not say, or has something else than tensors.
 */
export function signatureOf({ inputMetadata, outputMetadata }: Partial<OrtSession>): object | undefined {
  const inputs = tensorSpecs(inputMetadata);
  const outputs = tensorSpecs(outputMetadata);
  return inputs === undefined || outputs === undefined ? undefined : { inputs, outputs, params: null };
}

function tensorSpecs(metadata: readonly OrtMetadata[] | undefined): string | undefined {
  if (metadata === undefined || metadata.length === 0) return undefined;
  const specs: object[] = [];
  for (const about of metadata) {
    if (!about.isTensor) return undefined;
    const shape = about.shape.map((length) => (typeof length === "number" ? length : -1));
    specs.push({
      name: about.name,
      type: "tensor",
      "tensor-spec": { dtype: NUMPY_NAMES[about.type] ?? about.type, shape },
    });
  }
  return JSON.stringify(specs);
}
