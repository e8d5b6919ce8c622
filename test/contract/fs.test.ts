import { join } from "node:path";
import { fsBackend } from "../../src/fs/index.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { backendContract } from "./suite.ts";

// Made in a hook: the directory goes with the whole file.
backendContract("fs", async () => fsBackend({ directory: join(temporaryDirectory(), "mlruns") }), {
  keysArePaths: true,
});
