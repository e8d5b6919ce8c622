/**
 * Registered models: what a model URI names, new versions, promotion, and what may be deleted.
 *
 * @packageDocumentation
 */
export type { Changes } from "./changes.ts";
export { type CompareOptions, compareVersions, type VersionComparison } from "./compare-versions.ts";
export {
  type DeleteModelOptions,
  type DeleteVersionOptions,
  type Deletion,
  deleteModel,
  deleteVersion,
} from "./delete-version.ts";
export { type DownloadModelOptions, downloadModel } from "./download-model.ts";
export { type ModelUri, parseModelUri } from "./model-uri.ts";
export { type PromoteOptions, type Promotion, promote } from "./promote.ts";
export { type RegisterOptions, register } from "./register.ts";
export { type ResolvedModel, type ResolveOptions, resolveModelUri } from "./resolve-model-uri.ts";
