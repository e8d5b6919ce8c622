import { TidemarkError } from "./errors.ts";

// What every backend says in the same words, whatever it keeps its runs in.

const named = (text: string) => JSON.stringify(text);

export const noSuchExperiment = (experimentId: string, uri: string): TidemarkError =>
  new TidemarkError("RESOURCE_DOES_NOT_EXIST", `there is no experiment ${named(experimentId)} in ${uri}`);

export const noSuchDeletedExperiment = (experimentId: string, uri: string): TidemarkError =>
  new TidemarkError("RESOURCE_DOES_NOT_EXIST", `there is no deleted experiment ${named(experimentId)} in ${uri}`);

export const noSuchRun = (runId: string, uri: string): TidemarkError =>
  new TidemarkError("RESOURCE_DOES_NOT_EXIST", `there is no run ${named(runId)} in ${uri}`);

export const noSuchTag = (key: string, place: string): TidemarkError =>
  new TidemarkError("RESOURCE_DOES_NOT_EXIST", `there is no tag ${named(key)} in ${place}`);

/** Tells which marks there are: what is looked for is often one of them. */
export function noSuchMark(runId: string, name: string, marks: readonly string[]): TidemarkError {
  const known = marks.length === 0 ? "it has none" : `it has ${someOf(marks.map(named))}`;
  const message = `run ${runId} has no mark ${named(name)}: ${known}`;
  return new TidemarkError("RESOURCE_DOES_NOT_EXIST", message, { details: { mark: name, marks } });
}

const MOST_SHOWN = 20;

const someOf = (names: readonly string[]): string =>
  names.length <= MOST_SHOWN
    ? names.join(", ")
    : `${names.slice(-MOST_SHOWN).join(", ")} and ${names.length - MOST_SHOWN} older ones`;

/** A rewind takes away what somebody else may be writing at this moment. */
export const runIsWritten = (runId: string, who: string): TidemarkError =>
  new TidemarkError("INVALID_STATE", `run ${runId} cannot be taken back while ${who}`);

export const noSuchArtifact = (path: string, uri: string): TidemarkError =>
  new TidemarkError("RESOURCE_DOES_NOT_EXIST", `there is no artifact ${named(path)} in ${uri}`);

/** The name of a new experiment belongs to another, which may be in the trash. */
export function experimentNameTaken(owner: { name: string; id: string; lifecycleStage: string }): TidemarkError {
  const state = owner.lifecycleStage === "deleted" ? ", which is deleted" : "";
  const message = `there is an experiment ${named(owner.name)} already: ${owner.id}${state}`;
  return new TidemarkError("RESOURCE_ALREADY_EXISTS", message);
}

export const experimentDeleted = (experimentId: string): TidemarkError =>
  new TidemarkError("INVALID_STATE", `experiment ${experimentId} is deleted: restore it before changing it`);

export const defaultExperimentStays = (): TidemarkError =>
  new TidemarkError("INVALID_PARAMETER_VALUE", "the default experiment cannot be deleted");

/** Something that is imported with an id or a number that something else has. */
export const idTaken = (what: string, id: string | number, uri: string): TidemarkError =>
  new TidemarkError("RESOURCE_ALREADY_EXISTS", `there is a ${what} ${named(String(id))} in ${uri} already`);

export const runDeleted = (runId: string): TidemarkError =>
  new TidemarkError("INVALID_STATE", `run ${runId} is deleted: restore it before writing to it`);

export const noSuchModel = (name: string, uri: string): TidemarkError =>
  new TidemarkError("RESOURCE_DOES_NOT_EXIST", `there is no registered model ${named(name)} in ${uri}`);

export const noSuchVersion = (name: string, version: number, uri: string): TidemarkError =>
  new TidemarkError("RESOURCE_DOES_NOT_EXIST", `there is no version ${version} of model ${named(name)} in ${uri}`);

/** MLflow answers this with the code for a wrong argument. */
export const noSuchAlias = (name: string, alias: string): TidemarkError =>
  new TidemarkError("INVALID_PARAMETER_VALUE", `model ${named(name)} has no alias ${named(alias)}`);

export const modelNameTaken = (name: string): TidemarkError =>
  new TidemarkError("RESOURCE_ALREADY_EXISTS", `there is a registered model ${named(name)} already`);

export const cannotArchive = (stage: string): TidemarkError =>
  new TidemarkError(
    "INVALID_PARAMETER_VALUE",
    `existing versions can only be archived for Staging and Production, not for ${named(stage)}`,
  );

export const noSuchLoggedModel = (modelId: string, uri: string): TidemarkError =>
  new TidemarkError("RESOURCE_DOES_NOT_EXIST", `there is no logged model ${named(modelId)} in ${uri}`);

/** Words of MLflow's own stores, which people search for. */
export function paramChanged(runId: string, key: string, current: string, attempted: string): TidemarkError {
  const message = `Changing param values is not allowed. Param with key='${key}' was already logged with value='${current}' for run ID='${runId}'. Attempted logging new value '${attempted}'.`;
  return new TidemarkError("INVALID_PARAMETER_VALUE", message, { details: { key } });
}

export const transferCancelled = (signal: AbortSignal): TidemarkError =>
  new TidemarkError("CANCELLED", "the transfer was cancelled", { cause: signal.reason });

/** @throws {TidemarkError} `CANCELLED`, of a transfer that nobody wants any more */
export function refuseIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw transferCancelled(signal);
}
