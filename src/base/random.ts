import { randomBytes } from "node:crypto";

const RANGE = 2 ** 32;

/**
 * A number from 0 to 1, without 1. Not from `Math.random`: programs put a seeded one in its place, and whatever is drawn from that here
 * would change their training.
 */
export const ownRandom = (): number => randomBytes(4).readUInt32BE() / RANGE;
