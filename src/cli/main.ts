#!/usr/bin/env node
import { setLogger } from "../base/diagnostics.ts";
import { systemCodeOf } from "../base/errors.ts";
import { runProgram } from "./program.ts";
import { safeText } from "./text.ts";

// A reader that has seen enough (`| head`) is no error.
process.stdout.on("error", (error) => {
  if (systemCodeOf(error) !== "EPIPE") throw error;
  process.exit(0);
});

// Warnings quote paths and values of files, which anybody may have written.
const say = (message: string) => console.error(safeText(message));
setLogger({ debug: say, info: say, warn: say });

process.exitCode = await runProgram(process.argv);
