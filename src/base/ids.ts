import { randomUUID } from "node:crypto";
import { ownRandom } from "./random.ts";

/** A new id as MLflow makes them for runs: 32 hexadecimal digits, from a version 4 UUID. */
export function newId(): string {
  return randomUUID().replaceAll("-", "");
}

const LOCAL_RUN_ID = /^local-[0-9a-f]{32}$/;

/** The id of a run that its backend has not given one yet. */
export const newLocalRunId = (): string => `local-${newId()}`;
export const isLocalRunId = (id: string): boolean => LOCAL_RUN_ID.test(id);

// A run name is shown in lists beside hundreds of others: short, easy to say, hard to confuse.
const ADJECTIVES =
  "able amber bold brave brisk calm clear cool crisp deep eager early fair fast fine fond free fresh glad gold grand happy keen kind light live loud lucky merry mild neat noble open pale plain proud quick quiet rapid rare ready ruby safe sharp shy sleek smart soft solid still sunny sure sweet swift tidy true vivid warm wide wild wise young zesty".split(
    " ",
  );
const NOUNS =
  "bay bear bee bird boat brook cape cat cave clam cloud coast cove crab crane crow dawn deer dove duck dune eagle elk fern finch fish fjord fox frog gale goat goose gull hare hawk heron hill isle kelp lake lark leaf lynx mole moon moose moth mouse newt oak otter owl panda pearl perch pike pine plum quail reef river robin rose seal shark sheep shell shore shrew skunk snail squid stork storm swan tide toad trout tuna wave whale wolf wren".split(
    " ",
  );

/** A run name in MLflow's form `adjective-noun-number`, at most 20 characters. */
export function newRunName(random: () => number = ownRandom): string {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)];
  return `${pick(ADJECTIVES)}-${pick(NOUNS)}-${Math.floor(random() * 1000)}`;
}
