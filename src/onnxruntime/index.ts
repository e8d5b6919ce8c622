export { type AutologHandle, autolog } from "./autolog.ts";
export type { AutologOptions } from "./options.ts";
export type { OrtPackage } from "./ort-types.ts";
