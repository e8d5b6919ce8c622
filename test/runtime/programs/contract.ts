// The contract suite, over the backend that needs nothing but the runtime.
import { backendContract } from "tidemark/backend";
import { memoryBackend } from "tidemark/memory";

async function main(): Promise<void> {
  const rules = backendContract(() => memoryBackend());
  for (const { run } of rules) await run();
  console.log(JSON.stringify({ areKept: rules.length > 10 }));
}

main();
