/**
 * One line that records every training of TensorFlow.js: `autolog(tf)`.
 *
 * @packageDocumentation
 */
export { type Autolog, autolog } from "./autolog.ts";
export type { AutologOptions, ConfusionMatrixOptions } from "./options.ts";
export type { TensorFlow, TensorFlowClass } from "./tensorflow.ts";
