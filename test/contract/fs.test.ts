import { join } from "node:path";
import { it } from "vitest";
import { fsBackend } from "../../src/fs/index.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { backendContract } from "./suite.ts";

const makeBackend = () => fsBackend({ directory: join(temporaryDirectory(), "mlruns") });

for (const { name, run } of backendContract(makeBackend, { keysArePaths: true })) it(name, run);
