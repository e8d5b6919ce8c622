import { z } from "zod";
import type { TransferProgress } from "../../tracking/artifact-transfers.ts";
import { Client } from "../../tracking/client.ts";
import { runtimesShape } from "../save/save-options.ts";

export const loadOptionsSchema = z.strictObject({
  ...runtimesShape,
  /** Whose runs, models and registry are meant. Default: the process's default client. */
  client: z.custom<Client>((value) => value instanceof Client, { error: "is not what connect() answers" }).optional(),
  /** The form to load. Default: the best that the runtimes at hand can load. */
  flavor: z.string().optional(),
  /** Run code that is a part of the model: flavor `javascript`. Default false. */
  allowCode: z.boolean().default(false),
  /** For ONNX Runtime's `InferenceSession.create`. */
  sessionOptions: z.looseObject({}).optional(),
  /**
   * Where downloaded models are kept, and how many bytes at most; `false`: nowhere, `close` takes the files away again.
   * Default: `TIDEMARK_CACHE_DIR`, else the platform's place for caches; 10 GiB.
   */
  cache: z
    .union([
      z.strictObject({ dir: z.string().min(1).optional(), maxBytes: z.number().nonnegative().optional() }),
      z.literal(false),
    ])
    .default({}),
  /** Told of every piece that arrives, where the model is downloaded. */
  onProgress: z
    .custom<(progress: TransferProgress) => void>((value) => typeof value === "function", {
      error: "is not a function",
    })
    .optional(),
  /** Stops the load, a download in the middle. */
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, { error: "is not an AbortSignal" }).optional(),
});
/** What {@link loadModel} takes. @interface */
export type LoadOptions = z.input<typeof loadOptionsSchema>;
/** The same with every default. */
export type CheckedLoadOptions = z.output<typeof loadOptionsSchema>;
