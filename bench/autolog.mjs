// Cases of the autologs: what a hook adds to the training or inference that it watches, against a stub that does nothing else.
import { alternate, atMost, runCase } from "./harness.mjs";
import { sized } from "./options.mjs";

export const autologCases = {
  async autologOrt() {
    const count = sized(1_000_000, 20_000);
    const kinds = {
      inference: ["a run of an inference", 2],
      summary: ["a run of an inference that is summed up by itself", 3],
      training: ["a step of a training, with two scalars", 3],
    };
    for (const [kind, [what, limit]] of Object.entries(kinds)) {
      const { off, on } = await alternate({
        off: () => runCase("autolog-ort.mjs", [`${kind}-off`, count]),
        on: () => runCase("autolog-ort.mjs", [`${kind}-on`, count]),
      });
      const us = ({ usPerRun }) => `${usPerRun.toFixed(2)} us`;
      const added = on.usPerRun - off.usPerRun;
      atMost("autologOrt", `added to ${what} (${us(on)} against ${us(off)})`, added, limit, " us");
    }
  },
};
