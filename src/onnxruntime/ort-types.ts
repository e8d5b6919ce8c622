import type { InferenceSession } from "onnxruntime-common";

/** A tensor, as far as it is looked at. `data` throws where it is on a device, or disposed of. `location` came with version 1.15. */
export interface OrtTensor {
  readonly dims: readonly number[];
  readonly type: string;
  readonly size: number;
  readonly location?: string;
  readonly data: unknown;
}

/** What runs take and answer. Values need not be tensors. */
export type OrtValues = Readonly<Record<string, unknown>>;

/** What a session says of an input or output. Versions before 1.21 do not. */
export type OrtMetadata = InferenceSession.ValueMetadata;

/** An inference session of any version of ONNX Runtime. */
export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata?: readonly OrtMetadata[];
  readonly outputMetadata?: readonly OrtMetadata[];
}

/** A training session of onnxruntime-web 1.17 to 1.19. */
export interface OrtTrainingSession {
  readonly trainingInputNames: readonly string[];
  readonly trainingOutputNames: readonly string[];
  getParametersSize(trainableOnly: boolean): Promise<number>;
}

/** A class with a static `create` and methods that are to be watched. */
export interface OrtClass {
  readonly create: unknown;
  readonly prototype: object;
}

/** What users hand in, as far as the compiler sees it: `import * as ort from "onnxruntime-node"`, or its default export. */
export interface OrtPackage {
  readonly InferenceSession: { create(...args: never[]): unknown };
}

/** The same, as it is. */
export interface OrtNamespace {
  readonly InferenceSession: OrtClass;
  /** In onnxruntime-web 1.17 to 1.19 only. */
  readonly TrainingSession?: OrtClass;
  readonly env?: object;
}
