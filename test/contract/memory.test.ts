import { memoryBackend } from "../../src/memory/index.ts";
import { backendContract } from "./suite.ts";

backendContract("memory", async () => memoryBackend());
