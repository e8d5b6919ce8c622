/**
 * Registered models: what a model URI names, new versions, promotion, and what may be deleted.
 *
 * @packageDocumentation
 */
export { type DownloadModelOptions, downloadModel } from "./download-model.ts";
export { type ModelUri, parseModelUri } from "./model-uri.ts";
export { type RegisterOptions, register } from "./register.ts";
export { type ResolvedModel, type ResolveOptions, resolveModelUri } from "./resolve-model-uri.ts";
