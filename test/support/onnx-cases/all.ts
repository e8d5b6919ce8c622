import type { ModelCase } from "../onnx-equality.ts";
import { imageCases } from "./images.ts";
import { layerCases } from "./layers.ts";
import { mergeCases } from "./merge-normalize-embed.ts";
import { wholeModelCases } from "./models.ts";
import { recurrentCases } from "./recurrent.ts";

/** Every model that the exporter is compared by. */
export const allCases: readonly ModelCase[] = [
  layerCases,
  imageCases,
  mergeCases,
  recurrentCases,
  wholeModelCases,
].flatMap((groups) =>
  Object.entries(groups).flatMap(([group, cases]) =>
    cases.map(([name, ...rest]): ModelCase => [`${group}: ${name}`, ...rest]),
  ),
);
