import { z } from "zod";
import { relativePathProblem } from "../base/paths.ts";
import { MAX_ALIAS_LENGTH, MAX_MODEL_NAME_LENGTH, MAX_MODEL_TAG_VALUE_LENGTH } from "./limits.ts";
import { runIdSchema } from "./run.ts";
import { keyOf, someTextUpTo, textUpTo, timestampMs } from "./text.ts";

/** MLflow's stages of a version. Aliases have taken their place. */
export const STAGES = ["None", "Staging", "Production", "Archived"] as const;

/** A registered model's name is a directory's name, and a segment of `models:/` URIs. */
export const modelNameSchema = someTextUpTo(MAX_MODEL_NAME_LENGTH)
  .refine((name) => name.trim() !== "", { error: "is blank" })
  .refine((name) => !/[/:%]/.test(name), { error: "holds one of / : %" })
  .refine((name) => relativePathProblem(name) === undefined, { error: "is not one segment of a path" });

/** Numbers from 1. Versions that come as text, as in `models:/` URIs, are the caller's to convert. */
export const versionNumberSchema = z.int().positive();

/** An alias that can be set; others may be read. */
export const aliasSchema = z
  .string()
  .regex(/^[\p{L}\p{N}_-]+$/u, { error: "may only hold letters, digits, _ and -" })
  .refine((alias) => alias.length <= MAX_ALIAS_LENGTH, { error: `is longer than ${MAX_ALIAS_LENGTH} characters` })
  .refine((alias) => alias.toLowerCase() !== "latest", { error: "is reserved for the newest version" })
  .refine((alias) => !/^v\d+$/i.test(alias), { error: "is reserved for version numbers" });

/** A stage, whatever its case. */
export const stageSchema = z.string().transform((text, context) => {
  const stage = STAGES.find((name) => name.toLowerCase() === text.toLowerCase());
  if (stage !== undefined) return stage;
  context.issues.push({ code: "custom", input: text, message: `is not one of ${STAGES.join(", ")}` });
  return z.NEVER;
});

const tagValueSchema = textUpTo(MAX_MODEL_TAG_VALUE_LENGTH);
export const modelTagSchema = z.strictObject({ key: keyOf("tag"), value: tagValueSchema });
const tagsSchema = z.record(keyOf("tag"), tagValueSchema);
const textRecord = z.record(z.string(), z.string());

export const registeredModelSchema = z.object({
  name: z.string(),
  /** Markdown. */
  description: z.string().optional(),
  /** Milliseconds since 1970. */
  creationTime: timestampMs,
  /** Milliseconds since 1970. */
  lastUpdateTime: timestampMs,
  tags: textRecord,
  /** Alias to version number. */
  aliases: z.record(z.string(), z.int()),
});
/** A model under a name, with numbered versions. @interface */
export type RegisteredModel = z.infer<typeof registeredModelSchema>;

export const modelVersionSchema = z.object({
  name: z.string(),
  /** From 1, without gaps at creation, never used again. */
  version: versionNumberSchema,
  /** Where the model's files are, as its creator said. */
  source: z.string(),
  runId: z.string().optional(),
  modelId: z.string().optional(),
  /** Markdown. */
  description: z.string().optional(),
  stage: z.enum(STAGES),
  status: z.enum(["PENDING_REGISTRATION", "FAILED_REGISTRATION", "READY"]),
  /** Milliseconds since 1970. */
  creationTime: timestampMs,
  /** Milliseconds since 1970. */
  lastUpdateTime: timestampMs,
  tags: textRecord,
  aliases: z.array(z.string()),
});
/** One version of a registered model. @interface */
export type ModelVersion = z.infer<typeof modelVersionSchema>;
/** A stage of a version. @useDeclaredType */
export type Stage = ModelVersion["stage"];

export const createModelSchema = z.strictObject({
  name: modelNameSchema,
  /** Markdown. */
  description: z.string().optional(),
  tags: tagsSchema.optional(),
});
/** What `registry.createModel` takes. @interface */
export type CreateModel = z.input<typeof createModelSchema>;

export const createVersionSchema = z.strictObject({
  name: modelNameSchema,
  /** A URI below which the model's files are: a path, `s3:`, `runs:/<run>/<path>`, `models:/<model id>`. */
  source: z.string().min(1, { error: "is empty" }),
  /** The run the model comes from, which must exist. */
  runId: runIdSchema.optional(),
  /** The logged model it is, which must exist. */
  modelId: runIdSchema.optional(),
  /** Markdown. */
  description: z.string().optional(),
  tags: tagsSchema.optional(),
});
/** What `registry.createVersion` takes. @interface */
export type CreateVersion = z.input<typeof createVersionSchema>;

/** The version that a version is a copy of, by its source; `undefined` where that names none. */
export function copiedVersion(source: string): { readonly name: string; readonly version: number } | undefined {
  const [, name, number] = /^models:\/+([^/]+)\/0*([1-9]\d{0,14})$/.exec(source) ?? [];
  return name === undefined ? undefined : { name, version: Number(number) };
}

/** The highest version of each stage, in the order of the stages. */
export function latestByStage(versions: readonly ModelVersion[], stages: readonly Stage[]): ModelVersion[] {
  return stages.flatMap((stage) => highestOf(versions.filter((version) => version.stage === stage)) ?? []);
}

/** The version with the highest number. */
export function highestOf(versions: readonly ModelVersion[]): ModelVersion | undefined {
  return versions.reduce<ModelVersion | undefined>(
    (highest, version) => (highest === undefined || version.version > highest.version ? version : highest),
    undefined,
  );
}

/** Stages whose versions others may take the place of. */
export const isActiveStage = (stage: Stage): boolean => stage === "Staging" || stage === "Production";
