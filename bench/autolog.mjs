// Cases of the autologs: what a hook adds to the training or inference that it watches, against a stub that does nothing else.
import { alternate, atMost, row, runCase } from "./harness.mjs";
import { sized } from "./options.mjs";

export const autologCases = {
  async autolog() {
    const steps = sized(100_000, 2_000);
    const variants = ["fit-bare", "fit-recorded", "minimize-bare", "minimize-recorded"];
    const results = await alternate(
      Object.fromEntries(variants.map((name) => [name, () => runCase("autolog.mjs", [name, steps])])),
    );
    const added = (work) => results[`${work}-recorded`].usPerStep - results[`${work}-bare`].usPerStep;
    atMost("autolog", "added to a batch of fit with two metrics", added("fit"), 30, " µs");
    atMost("autolog", "added to a minimize", added("minimize"), 10, " µs");
    const { bare, recorded } = await alternate({
      bare: () => runCase("autolog-training.mjs", ["bare", sized(10, 1)]),
      recorded: () => runCase("autolog-training.mjs", ["recorded", sized(10, 1)]),
    });
    const what = `a whole training, 380 batches on backend cpu, against ${bare.seconds.toFixed(2)} s without`;
    row("autolog", what, `${recorded.seconds.toFixed(2)} s`, "any: for the reader", true);
  },
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
