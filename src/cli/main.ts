#!/usr/bin/env node
import { setLogger } from "../base/diagnostics.ts";
import { systemCodeOf } from "../base/errors.ts";
import { runProgram } from "./program.ts";
import { safeText } from "./text.ts";

process.stdout.on("error", (error) => {
  // A reader that has seen enough (`| head`) is no error; a full disk behind `>` is one.
  if (systemCodeOf(error) === "EPIPE") process.exit(0);
  console.error(`tidemark: ${error.message}`);
  process.exit(1);
});

// Warnings quote paths and values of files, which anybody may have written.
const say = (message: string) => console.error(safeText(message));
setLogger({ debug: say, info: say, warn: say });

process.exitCode = await runProgram(process.argv);
