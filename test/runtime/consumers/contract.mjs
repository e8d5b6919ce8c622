// The contract suite, over the backend that needs nothing but the runtime.
import { backendContract } from "tidemark/backend";
import { memoryBackend } from "tidemark/memory";

const tests = backendContract(() => memoryBackend());
for (const { run } of tests) await run();
console.log(`${tests.length} rules kept`);
