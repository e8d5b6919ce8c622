import { readEnv } from "./env.ts";

/** The JavaScript runtime this process is. */
export interface Runtime {
  readonly name: "node" | "deno" | "bun";
  readonly version: string;
}

/** Bun and Deno both answer to `process.versions.node`, so they are asked first. */
export function detectRuntime(): Runtime {
  const versions: Readonly<Record<string, string | undefined>> = process.versions;
  if (versions.bun !== undefined) return { name: "bun", version: versions.bun };
  if (versions.deno !== undefined) return { name: "deno", version: versions.deno };
  return { name: "node", version: process.version.replace(/^v/, "") };
}

/** `TIDEMARK_DISABLED=1` turns every run into one that records nothing. */
export function isDisabled(): boolean {
  const value = readEnv("TIDEMARK_DISABLED")?.toLowerCase();
  return value === "1" || value === "true";
}
