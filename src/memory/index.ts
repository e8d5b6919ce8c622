export { memoryBackend } from "./memory-backend.ts";
