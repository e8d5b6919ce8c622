import { Lexer, parseDocument } from "yaml";
import { describe, messageOf, TidemarkError } from "../base/errors.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";

/** The file that makes a directory a model. */
export const MLMODEL = "MLmodel";

const LARGEST_MLMODEL_BYTES = 2 << 20;

/** Of its text, for the lexer: some ten thousand values. The parser would keep an object for each, and recurse for the nested ones. */
const MOST_LEXEMES = 200_000;
const MOST_NESTING = 100;
const BAD_ESCAPE = /\\(?![0abt\tnvfre "/\\N_LP\n\rxuU])/;

/** What the registry wants to know of a model; the rest of its MLmodel is for those who load it. */
export interface MlmodelFacts {
  readonly runId?: string;
  readonly modelId?: string;
  /** By flavor. */
  readonly flavors: Readonly<Record<string, unknown>>;
  /** Texts with JSON, as they stand in the file. */
  readonly signature: Readonly<Record<string, unknown>>;
}

/** Whether a directory holds a model. */
export async function hasMlmodel(store: ArtifactStore): Promise<boolean> {
  return (await store.list()).some(({ path, isDirectory }) => path === MLMODEL && !isDirectory);
}

/**
 * What a model's MLmodel says.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` for a file that is none, or larger than 2 MiB; `RESOURCE_DOES_NOT_EXIST`
 */
export async function readMlmodel(store: ArtifactStore): Promise<MlmodelFacts> {
  const mapping = parseMapping(new TextDecoder().decode(await readMlmodelBytes(store)), store.uri);
  const { run_id: runId, model_id: modelId } = mapping;
  return {
    ...(typeof runId === "string" ? { runId } : {}),
    ...(typeof modelId === "string" ? { modelId } : {}),
    flavors: recordOf(mapping.flavors),
    signature: recordOf(mapping.signature),
  };
}

/**
 * The bytes of a model's MLmodel. A listing may say less than what then comes.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` for more than 2 MiB
 */
export async function readMlmodelBytes(store: ArtifactStore): Promise<Uint8Array> {
  const tooLarge = new AbortController();
  let receivedBytes = 0;
  const onBytes = (count: number) => {
    receivedBytes += count;
    if (receivedBytes > LARGEST_MLMODEL_BYTES) tooLarge.abort();
  };
  const listed = (await store.list()).find(({ path }) => path === MLMODEL)?.sizeBytes ?? 0;
  if (listed <= LARGEST_MLMODEL_BYTES) {
    try {
      const bytes = await store.read(MLMODEL, { signal: tooLarge.signal, onBytes });
      if (bytes.length <= LARGEST_MLMODEL_BYTES) return bytes;
    } catch (error) {
      if (!tooLarge.signal.aborted) throw error;
    }
  }
  throw damaged(store.uri, `is larger than ${LARGEST_MLMODEL_BYTES} bytes`);
}

function parseMapping(text: string, uri: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    refuseCostly(text);
    const document = parseDocument(text, { schema: "core", logLevel: "silent", prettyErrors: false });
    const [problem] = document.errors;
    if (problem !== undefined) throw problem;
    // A few aliases can stand for billions of values.
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw damaged(uri, `is not YAML: ${messageOf(error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw damaged(uri, "is no YAML mapping");
  return value as Readonly<Record<string, unknown>>;
}

function refuseCostly(text: string): void {
  let lexemes = 0;
  let depth = 0;
  let indicators = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme === "[" || lexeme === "{") depth++;
    else if (lexeme === "]" || lexeme === "}") depth--;
    else if (lexeme === "-" || lexeme === "?") indicators++;
    else if (lexeme === "\n") indicators = 0;
    else if (lexeme.startsWith('"') && BAD_ESCAPE.test(lexeme)) throw new SyntaxError("a text has an unknown escape");
    const isCostly = ++lexemes > MOST_LEXEMES || depth > MOST_NESTING || indicators > MOST_NESTING;
    if (isCostly) throw new SyntaxError("it has more parts or levels than any honest one");
  }
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};

const damaged = (uri: string, problem: string) =>
  new TidemarkError("DATA_DAMAGED", `the MLmodel in ${describe(uri)} ${problem}`, { details: { uri } });
