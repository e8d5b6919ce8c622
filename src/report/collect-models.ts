import { messageOf, TidemarkError } from "../base/errors.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import type { ColumnType } from "../mlmodel/column-type-schema.ts";
import { MLMODEL_FILE, parseMlmodel } from "../mlmodel/mlmodel-file.ts";
import type { Mlmodel } from "../mlmodel/mlmodel-schema.ts";
import { parseSignature } from "../mlmodel/signature.ts";
import type { InputOutputSpec, ParamSpec, Signature } from "../mlmodel/signature-schema.ts";
import type { LoggedModel } from "../schema/model.ts";
import type { RunEntity } from "../schema/run.ts";
import type { Client } from "../tracking/client.ts";
import type { FileReading } from "./collect-tables.ts";
import type { Pair, PortRow, ReportModel } from "./payload.ts";
import { readBounded } from "./read-bounded.ts";

const MOST_MODELS = 20;

/** The models that a run has produced: logged ones, and those among its artifacts, as MLflow 2 kept them. */
export async function collectModels(client: Client, run: RunEntity, reading: FileReading): Promise<ReportModel[]> {
  const { files, source, omissions } = reading;
  const models: ReportModel[] = [];
  const add = async (name: string, read: () => Promise<ReportModel>) => {
    if (models.length >= MOST_MODELS) {
      return omissions.add({ what: "model", runId: run.id, name, why: `only ${MOST_MODELS} models are shown` });
    }
    try {
      models.push(await read());
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error;
      omissions.add({ what: "model", runId: run.id, name, why: messageOf(error) });
    }
  };
  for (const { modelId } of run.modelOutputs) {
    await add(modelId, async () => {
      const logged = await client.loggedModels.get(modelId);
      return await card(client.backend.artifacts(logged.artifactLocation), "", logged, reading);
    });
  }
  const inside = files.filter(({ path }) => path === MLMODEL_FILE || path.endsWith(`/${MLMODEL_FILE}`));
  for (const { path } of inside) {
    const directory = path.slice(0, -MLMODEL_FILE.length);
    await add(directory, async () => await card(source.store, directory, undefined, reading));
  }
  return models;
}

async function card(
  store: ArtifactStore,
  directory: string,
  logged: LoggedModel | undefined,
  { limits, omissions, source }: FileReading,
): Promise<ReportModel> {
  const file = `${directory}${MLMODEL_FILE}`;
  const { runId } = source;
  let mlmodel: Mlmodel | undefined;
  let signature: Signature = {};
  try {
    const bytes = await readBounded(store, file, limits.maxFileBytes);
    if (typeof bytes === "string") throw new TidemarkError("DATA_DAMAGED", bytes);
    mlmodel = parseMlmodel(file, new TextDecoder().decode(bytes));
    if (mlmodel.signature) signature = parseSignature(file, definedTexts(mlmodel.signature));
  } catch (error) {
    // A model that failed has no file; the card says what else is known.
    if (logged === undefined || !(error instanceof TidemarkError)) throw error;
    omissions.add({ what: "model", runId, name: `${logged.name}/${MLMODEL_FILE}`, why: error.message });
  }
  const name = logged?.name ?? directory.replace(/\/$/, "");
  return {
    name: omissions.cut(name),
    id: logged?.id ?? "",
    status: logged?.status ?? "",
    facts: factsOf(mlmodel, logged).map(([key, value]) => [key, omissions.cut(value)]),
    flavors: Object.entries(mlmodel?.flavors ?? {}).map(([flavor, config]) => [
      omissions.cut(flavor),
      omissions.cut(flavorNote(config)),
    ]),
    inputs: (signature.inputs ?? []).map((spec) => portRow(spec, omissions.cut.bind(omissions))),
    outputs: (signature.outputs ?? []).map((spec) => portRow(spec, omissions.cut.bind(omissions))),
    modelParams: (signature.params ?? []).map((spec) => paramRow(spec, omissions.cut.bind(omissions))),
    metrics: (logged?.metrics ?? []).map(
      ({ key, value, datasetName }): Pair => [
        omissions.cut(datasetName === undefined ? key : `${key} on ${datasetName}`),
        String(value),
      ],
    ),
    params: omissions.pairs(logged?.params ?? {}, runId, "model param"),
    tags: omissions.pairs(ownTags(logged?.tags ?? {}), runId, "model tag"),
  };
}

const definedTexts = ({ inputs, outputs, params }: NonNullable<Mlmodel["signature"]>) => ({
  inputs: inputs ?? null,
  outputs: outputs ?? null,
  params: params ?? null,
});

function factsOf(mlmodel: Mlmodel | undefined, logged: LoggedModel | undefined): Pair[] {
  const facts: [string, string | number | null | undefined][] = [
    ["type", logged?.modelType],
    ["created", mlmodel?.utc_time_created ? `${mlmodel.utc_time_created.slice(0, 19)} UTC` : undefined],
    ["size", mlmodel?.model_size_bytes?.toLocaleString("en").concat(" bytes")],
    ["MLflow", mlmodel?.mlflow_version],
    ["input example", mlmodel?.saved_input_example_info?.artifact_path],
    ["files", logged?.artifactLocation],
    ["status message", logged?.statusMessage],
  ];
  return facts.flatMap(([key, value]) =>
    value === null || value === undefined || value === "" ? [] : [[key, String(value)]],
  );
}

/** What a flavor says of its version, or of what it loads. */
function flavorNote(config: Readonly<Record<string, unknown>>): string {
  const version = Object.entries(config).find(([key, value]) => key.endsWith("version") && typeof value === "string");
  if (version !== undefined) return `${version[0].replaceAll("_", " ")} ${version[1]}`;
  return typeof config.loader_module === "string" ? config.loader_module : "";
}

const ownTags = (tags: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith("mlflow.")));

function portRow(spec: InputOutputSpec, cut: (text: string) => string): PortRow {
  const name = cut(String(spec.name ?? ""));
  if (spec.type === "tensor") {
    const { dtype, shape } = (spec as Extract<InputOutputSpec, { type: "tensor" }>)["tensor-spec"];
    return {
      name,
      type: `tensor of ${dtype}`,
      note: `[${shape.map((length) => (length < 0 ? "any" : length)).join(", ")}]`,
    };
  }
  const column = spec as Exclude<InputOutputSpec, { type: "tensor" }>;
  return { name, type: cut(typeText(column)), note: column.required ? "" : "optional" };
}

function typeText(type: ColumnType): string {
  if (type.type === "array") return `array of ${typeText(type.items)}`;
  if (type.type === "map") return `map to ${typeText(type.values)}`;
  if (type.type !== "object") return type.type;
  const properties = Object.entries(type.properties).map(([name, property]) => `${name}: ${typeText(property)}`);
  return `{ ${properties.join(", ")} }`;
}

function paramRow(spec: ParamSpec, cut: (text: string) => string): PortRow {
  const value = JSON.stringify(spec.default, (_, inner: unknown) =>
    typeof inner === "bigint" ? String(inner) : inner,
  );
  return { name: cut(spec.name), type: spec.shape ? `list of ${spec.type}` : spec.type, note: cut(`default ${value}`) };
}
