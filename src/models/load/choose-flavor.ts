import { invalidArgument, TidemarkError } from "../../base/errors.ts";
import type { Mlmodel } from "../../mlmodel/mlmodel-schema.ts";
import type { Flavor } from "../flavors/flavor.ts";
import { allFlavors } from "../flavors/registry.ts";
import { installedOnnxRuntime } from "../installed-runtimes.ts";
import type { Runtimes } from "../runtimes.ts";

/** A form of a model, and what it is loaded with. */
export interface ChosenFlavor extends Runtimes {
  readonly flavor: Flavor;
}

/**
 * The best form of a model for the runtimes at hand. Where none is handed in, an ONNX Runtime that is installed will do.
 *
 * @throws {TidemarkError} `NOT_IMPLEMENTED` where no form can be loaded here: it says which there are, and what each needs
 */
export async function chooseFlavor(
  { flavors }: Mlmodel,
  source: string,
  { tf, ort, flavor: wanted, allowCode }: Runtimes & { flavor?: string | undefined; allowCode: boolean },
): Promise<ChosenFlavor> {
  const names = Object.keys(flavors);
  if (wanted !== undefined && !names.includes(wanted))
    throw invalidArgument("flavor", wanted, `a flavor of the model: ${names.join(", ")}`);
  const known = allFlavors().filter(({ name }) => (wanted === undefined ? names.includes(name) : name === wanted));
  const given = { tf, ort, allowCode };
  const ready = known.find((flavor) => flavor.missing(given) === undefined);
  if (ready !== undefined) return { flavor: ready, tf, ort };
  if (ort === undefined && known.some((flavor) => flavor.name === "onnx")) {
    const installed = await installedOnnxRuntime();
    const onnx = known.find((flavor) => flavor.missing({ ...given, ort: installed }) === undefined);
    if (onnx !== undefined) return { flavor: onnx, tf, ort: installed };
  }
  const needs = known.map((flavor) => `${flavor.name} needs ${flavor.missing(given)}`);
  const wantedNames = wanted === undefined ? names : [wanted];
  const others = wantedNames.filter((name) => !known.some((flavor) => flavor.name === name));
  const only = others.length === 0 ? [] : [`JavaScript has nothing that loads ${others.join(", ")}`];
  const has = names.length === 0 ? "no flavors" : `the flavors ${names.join(", ")}`;
  const message = `${source} cannot be loaded here: it has ${[has, ...needs, ...only].join("; ")}`;
  throw new TidemarkError("NOT_IMPLEMENTED", message, { details: { flavors: names } });
}
