// The command line of `npm run bench`, and what follows from it for every case.
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    smoke: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    only: { type: "string" },
    rounds: { type: "string", default: "5" },
  },
});

export const isSmoke = values.smoke;
export const shouldWrite = values.write;
/** Names of the cases to run; `undefined` for all. */
export const only = values.only?.split(",");
export const rounds = isSmoke ? 1 : Number(values.rounds);

/** Sizes: enough to measure, or just enough to see that a case works. */
export const sized = (full, smoke) => (isSmoke ? smoke : full);
