import { join } from "node:path";
import { type Client, connect } from "../../src/index.ts";
import { memoryBackend } from "../../src/memory/index.ts";
import { temporaryDirectory } from "./mlruns.ts";

/** New empty stores without a server, by what they are. */
export const openBackends: Readonly<Record<string, () => Promise<Client>>> = {
  memory: () => connect(memoryBackend()),
  "a directory": () => connect(join(temporaryDirectory(), "mlruns")),
};
