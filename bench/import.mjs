// The case of `import "tidemark"`, beside the largest of the packages that it loads.
import { alternate, atMost, runCase } from "./harness.mjs";
import { rounds } from "./options.mjs";

/** A start is short, and the noise of a machine is as large as what is measured. */
const STARTS_PER_ROUND = 3;
const MOST_TIMES_ZOD = 1.5;

export const importCases = {
  async import() {
    const variant = (what) => () => runCase("import.mjs", [what]);
    const { nothing, zod, tidemark } = await alternate(
      { nothing: variant("nothing"), zod: variant("zod"), tidemark: variant("tidemark") },
      STARTS_PER_ROUND * rounds,
    );
    // Node's own start is not counted: it would make the two look alike.
    const cost = ({ cpuMs }) => cpuMs - nothing.cpuMs;
    const what = `import "tidemark" (${cost(tidemark).toFixed(0)} ms of cpu) / import "zod" (${cost(zod).toFixed(0)} ms)`;
    atMost("import", what, cost(tidemark) / cost(zod), MOST_TIMES_ZOD, "x");
  },
};
