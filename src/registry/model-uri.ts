import { redact } from "../base/diagnostics.ts";
import { describe, TidemarkError } from "../base/errors.ts";
import { schemeOf } from "../base/file-uri.ts";
import { relativePathProblem } from "../base/paths.ts";
import { modelIdSchema } from "../schema/model-link.ts";
import { type Stage, stageSchema } from "../schema/model-version.ts";
import { runIdSchema } from "../schema/run.ts";

/** What a model URI names, by `kind`. */
export type ModelUri =
  /** `runs:/<run>/<path>`: a directory of a run's artifacts, or a logged model of the run by its name. */
  | { readonly kind: "run"; readonly runId: string; readonly path?: string }
  /** `models:/<name>/<version>` */
  | { readonly kind: "version"; readonly name: string; readonly version: number }
  /** `models:/<name>/latest`: the highest version of all. */
  | { readonly kind: "latest"; readonly name: string }
  /** `models:/<name>/<stage>`: the highest version in a stage. */
  | { readonly kind: "stage"; readonly name: string; readonly stage: Stage }
  /** `models:/<name>@<alias>` */
  | { readonly kind: "alias"; readonly name: string; readonly alias: string }
  /** `models:/<model id>` */
  | { readonly kind: "logged-model"; readonly modelId: string }
  /** Everything else: a path, or a URI of any other scheme. */
  | { readonly kind: "location"; readonly location: string };

const RUNS_FORM = '"runs:/<run id>/<path>"';
const MODELS_FORMS =
  '"models:/<name>/<version>", "models:/<name>/latest", "models:/<name>/<stage>", "models:/<name>@<alias>" or "models:/<model id>"';

/**
 * Reads a model URI, without asking anybody. As in MLflow nothing in it is percent-decoded: names stand as they are.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, with the forms there are
 * @example
 * ```ts
 * import { parseModelUri } from "tidemark/registry";
 *
 * console.log(parseModelUri("models:/digits@champion")); // { kind: "alias", name: "digits", alias: "champion" }
 * ```
 */
export function parseModelUri(uri: string): ModelUri {
  if (typeof uri !== "string" || uri.trim() === "") {
    throw invalid(uri, "is empty or no text", `a path, a URI, ${RUNS_FORM}, ${MODELS_FORMS}`);
  }
  if (uri.includes("\0")) throw invalid(uri, "holds a NUL character", "a path or a URI");
  const scheme = schemeOf(uri);
  if (scheme === "runs") return parseRunUri(uri);
  if (scheme === "models") return parseRegistryUri(uri);
  return { kind: "location", location: uri };
}

/** What is behind `scheme:/`. A host, which in MLflow names a Databricks profile, has no meaning here. */
function restOf(uri: string, forms: string): string {
  const [, slashes = "", rest = ""] = /^[^:]*:(\/*)(.*)$/s.exec(uri) ?? [];
  if (slashes.length === 0) throw invalid(uri, "has no slash behind its scheme", forms);
  if (slashes.length === 2) throw invalid(uri, "names a host", forms);
  return rest;
}

function parseRunUri(uri: string): ModelUri {
  const [runId = "", ...segments] = restOf(uri, RUNS_FORM).replace(/\/+$/, "").split("/");
  if (!runIdSchema.safeParse(runId).success) throw invalid(uri, "has no run id", RUNS_FORM);
  if (segments.length === 0) return { kind: "run", runId };
  const path = segments.join("/");
  const problem = relativePathProblem(path);
  if (problem !== undefined) throw invalid(uri, `has a path that ${problem}`, RUNS_FORM);
  return { kind: "run", runId, path };
}

function parseRegistryUri(uri: string): ModelUri {
  const [name = "", suffix, ...more] = restOf(uri, MODELS_FORMS).split("/");
  if (name.trim() === "" || suffix?.trim() === "" || more.length > 0) {
    throw invalid(uri, "has too few or too many parts", MODELS_FORMS);
  }
  return suffix === undefined ? parseOneSegment(uri, name) : parseSuffix(uri, name, suffix);
}

function parseOneSegment(uri: string, segment: string): ModelUri {
  const at = segment.lastIndexOf("@");
  if (at >= 0) {
    const [name, alias] = [segment.slice(0, at), segment.slice(at + 1)];
    if (name.trim() === "" || alias.trim() === "") throw invalid(uri, "has no name or no alias", MODELS_FORMS);
    return { kind: "alias", name, alias };
  }
  if (!modelIdSchema.safeParse(segment).success) {
    throw invalid(uri, "names neither a version nor the id of a logged model", MODELS_FORMS);
  }
  return { kind: "logged-model", modelId: segment };
}

function parseSuffix(uri: string, name: string, suffix: string): ModelUri {
  if (/^\d+$/.test(suffix)) {
    const version = Number(suffix);
    if (!Number.isSafeInteger(version) || version < 1) throw invalid(uri, "has no version from 1 on", MODELS_FORMS);
    return { kind: "version", name, version };
  }
  if (suffix.toLowerCase() === "latest") return { kind: "latest", name };
  const stage = stageSchema.safeParse(suffix);
  if (stage.success) return { kind: "stage", name, stage: stage.data };
  throw invalid(uri, `ends with ${describe(suffix)}, which is no version, stage or "latest"`, MODELS_FORMS);
}

const invalid = (uri: unknown, problem: string, forms: string) =>
  new TidemarkError(
    "INVALID_PARAMETER_VALUE",
    `model URI: ${describe(typeof uri === "string" ? redact(uri) : uri)} ${problem}; expected ${forms}`,
    { details: { argument: "uri" } },
  );
