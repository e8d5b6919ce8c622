import { newId } from "../base/ids.ts";

const TEMPORARY = /^\.tidemark-[0-9a-f]{32}\.tmp$/;

/** A name no other process guesses, for what is prepared beside its place. */
export const temporaryName = (): string => `.tidemark-${newId()}.tmp`;
export const isTemporaryName = (name: string): boolean => TEMPORARY.test(name);
