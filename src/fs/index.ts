export { type FsBackendOptions, fsBackend } from "./fs-backend.ts";
