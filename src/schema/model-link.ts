import { z } from "zod";
import { stepSchema } from "./metric.ts";

/** `m-` and 32 hexadecimal digits; MLflow takes whatever can be a directory. */
export const modelIdSchema = z
  .string()
  .regex(/^[a-zA-Z0-9][\w-]{0,255}$/, { error: "is not the id of a logged model" });

export const modelInputSchema = z.strictObject({ modelId: modelIdSchema });
/** A logged model that a run used. @interface */
export type ModelInput = Readonly<z.infer<typeof modelInputSchema>>;

export const modelOutputSchema = z.strictObject({
  modelId: modelIdSchema,
  /** At which the run produced it. */
  step: stepSchema,
});
/** A logged model that a run produced. @interface */
export type ModelOutput = Readonly<z.infer<typeof modelOutputSchema>>;

/** The order in which backends give the models of a run: as it produced them, then by id. */
export function byModel(a: ModelInput & Partial<ModelOutput>, b: ModelInput & Partial<ModelOutput>): number {
  const steps = (a.step ?? 0) - (b.step ?? 0);
  return steps !== 0 ? steps : a.modelId === b.modelId ? 0 : a.modelId < b.modelId ? -1 : 1;
}
