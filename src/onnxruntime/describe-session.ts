import type { ModelFacts } from "./model-facts.ts";
import { NAMES } from "./names.ts";
import { describeFeeds, describeValues, signatureOf } from "./session-facts.ts";
import type { SessionParts } from "./session-parts.ts";
import type { SessionPlace } from "./session-place.ts";

/**
 * Logs what a session is: its model, what goes in and comes out, what was asked for.
 *
 * @param feeds - Of its first run.
 * @returns What is logged later, when it is known, if anybody still takes it then.
 */
export function describeSession(place: SessionPlace, session: SessionParts, feeds: unknown): Promise<void>[] {
  const { inputNames, inputMetadata, outputNames, outputMetadata, runtime, creation } = session;
  place.param(NAMES.inputs.name, describeValues(inputNames, inputMetadata));
  place.param(NAMES.outputs.name, describeValues(outputNames, outputMetadata));
  place.param(NAMES.firstRunInputs.name, describeFeeds(feeds));
  place.param(NAMES.runtime.name, runtime?.name);
  place.param(NAMES.runtimeVersion.name, runtime?.version);
  const signature = signatureOf(session);
  if (signature !== undefined) place.json(NAMES.signature.name, signature);
  if (creation === undefined) return [];
  place.param(NAMES.executionProviders.name, creation.asked.executionProviders);
  place.param(NAMES.sessionOptions.name, creation.asked.others);
  describeModel(place, creation.model);
  const { digest } = creation.model;
  return [
    later(place, typeof digest === "string" ? undefined : digest, (text) => place.param(NAMES.modelDigest.name, text)),
    later(place, creation.parameters, (counts) => {
      place.param(NAMES.parameterCount.name, counts.all);
      place.param(NAMES.trainableParameterCount.name, counts.trainable);
    }),
  ];
}

function describeModel(place: SessionPlace, { name, sizeBytes, header, digest }: ModelFacts): void {
  place.param(NAMES.modelName.name, name);
  place.param(NAMES.modelSize.name, sizeBytes);
  if (typeof digest === "string") place.param(NAMES.modelDigest.name, digest);
  if (header === undefined) return;
  const opsets = [...header.opsets].map(([domain, version]) => (domain === "" ? `${version}` : `${domain}:${version}`));
  place.param(NAMES.modelOpset.name, opsets.join(", "));
  place.param(NAMES.modelIrVersion.name, header.irVersion);
  place.param(NAMES.modelProducer.name, `${header.producerName ?? ""} ${header.producerVersion ?? ""}`.trim());
  place.param(NAMES.modelGraph.name, header.graphName);
}

async function later<T>(
  place: SessionPlace,
  fact: Promise<T | undefined> | undefined,
  log: (value: T) => void,
): Promise<void> {
  const value = await fact;
  if (value !== undefined && place.isOpen) log(value);
}
