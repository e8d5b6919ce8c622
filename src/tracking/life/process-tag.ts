import { type Owner, ownerSchema, thisProcess } from "../../queue/spool/owner.ts";
import { isAllowed } from "../environment/deno-permissions.ts";

/** Which process opened a run last, as JSON: what tells whether it still lives. */
export const PROCESS_TAG = "tidemark.process";

/** Longer ones are nobody's. */
const LONGEST_TEXT = 1_000;

/** This process; `undefined` where Deno would have to ask for the name of the machine. */
export const processText = (): string | undefined =>
  isAllowed({ name: "sys", kind: "hostname" }) ? JSON.stringify(thisProcess()) : undefined;

/** What a tag says, which anybody may have written; `undefined` where that is no process. */
export function readProcess(text: string | undefined): Owner | undefined {
  if (text === undefined || text.length > LONGEST_TEXT) return undefined;
  try {
    return ownerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
