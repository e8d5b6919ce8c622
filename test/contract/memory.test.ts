import { it } from "vitest";
import { memoryBackend } from "../../src/memory/index.ts";
import { backendContract } from "./suite.ts";

for (const { name, run } of backendContract(() => memoryBackend())) it(name, run);
