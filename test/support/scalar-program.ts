// Writes so many scalars of `loss` into the directory it is given and never flushes; the last comes in an exit listener.
import { EventWriter } from "../../src/tfjs/tensorboard/event-writer.ts";

const [directory = "", count = ""] = process.argv.slice(2);
const writer = new EventWriter(directory, { flushIntervalMs: 3_600_000 });
const last = Number(count) - 1;
for (let step = 0; step < last; step++) writer.scalar("loss", step / 2, step);
process.on("exit", () => writer.scalar("loss", last / 2, last));
