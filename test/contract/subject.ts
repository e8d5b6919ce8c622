import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ArtifactStore } from "../../src/contract/artifact-store.ts";
import type { Backend } from "../../src/contract/backend.ts";
import type { Batch } from "../../src/contract/batch.ts";
import type { LoggedModelStore } from "../../src/contract/logged-model-store.ts";
import type { MetricSink } from "../../src/contract/metric-sink.ts";
import type { Outcome } from "../../src/contract/outcome.ts";
import type { RegistryStore } from "../../src/contract/registry-store.ts";
import type { CreateLoggedModel, LoggedModel } from "../../src/schema/model.ts";
import type { CreateRun, RunEntity } from "../../src/schema/run.ts";
import { type BatchParts, batchOf } from "./batches.ts";
import type { Abilities } from "./differences.ts";
import { expect } from "./expect.ts";

/** What a test is given: a new backend with an experiment called "contract". */
export interface ContractSubject {
  readonly can: Abilities;
  readonly backend: Backend;
  readonly experimentId: string;
  readonly registry: RegistryStore;
  readonly models: LoggedModelStore;
  newRun(input?: Partial<CreateRun>): Promise<RunEntity>;
  newModel(input?: Partial<CreateLoggedModel>): Promise<LoggedModel>;
  /** Sends to a run, and answers what its sink answers. */
  attempt(runId: string, parts: BatchParts | Batch): Promise<Outcome>;
  /** The same where all of it must be taken. */
  write(runId: string, parts: BatchParts | Batch): Promise<void>;
  /** The artifacts of a new run. */
  artifacts(): Promise<ArtifactStore>;
  /** A new local directory. */
  scratch(): string;
}

/** What a rule asks. `needs` names the ability without which there is no such rule. */
export interface ContractRule {
  (subject: ContractSubject): Promise<void>;
  readonly needs?: keyof Abilities;
}

/** Rules by name. */
export type ContractTests = Readonly<Record<string, ContractRule>>;

/** A rule only for backends that have an ability. */
export const where = (ability: keyof Abilities, rule: (subject: ContractSubject) => Promise<void>): ContractRule =>
  Object.assign(rule, { needs: ability });

/** Runs a test on a backend, and cleans up whatever becomes of it. */
export async function runTest(
  makeBackend: () => Backend | Promise<Backend>,
  can: Abilities,
  test: ContractRule,
): Promise<void> {
  const directories: string[] = [];
  const backend = await makeBackend();
  try {
    const experimentId = await backend.tracking.createExperiment({ name: "contract" });
    await test(subjectOf(backend, can, experimentId, directories));
  } finally {
    await backend.close();
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  }
}

function subjectOf(backend: Backend, can: Abilities, experimentId: string, directories: string[]): ContractSubject {
  const { tracking } = backend;
  const newRun: ContractSubject["newRun"] = (input = {}) => tracking.createRun({ experimentId, ...input });
  const attempt: ContractSubject["attempt"] = async (runId, parts) => {
    const sink = await tracking.openSink(runId);
    try {
      return await send(sink, "series" in parts ? parts : batchOf(parts));
    } finally {
      await sink.close();
    }
  };
  return {
    backend,
    can,
    experimentId,
    get registry() {
      return there(backend.registry, "registry", "registry: false");
    },
    get models() {
      return modelsOf(backend);
    },
    newRun,
    newModel: (input = {}) => modelsOf(backend).create({ experimentId, ...input }),
    attempt,
    write: async (runId, parts) => expect(await attempt(runId, parts), "the outcome").toEqual({ status: "ok" }),
    artifacts: async () => backend.artifacts((await newRun()).artifactUri),
    scratch: () => {
      const directory = mkdtempSync(join(tmpdir(), "tidemark-contract-"));
      directories.push(directory);
      return directory;
    },
  };
}

const modelsOf = ({ loggedModels }: Backend) => there(loggedModels, "logged models", "loggedModels: false");

function there<T>(store: T | undefined, what: string, difference: string): T {
  if (store === undefined) throw new Error(`the backend has no ${what}: say so by the difference \`${difference}\``);
  return store;
}

/** Hands a batch to a sink of either kind. */
export const send = async (sink: MetricSink, batch: Batch): Promise<Outcome> =>
  "writeSync" in sink ? sink.writeSync(batch) : await sink.write(batch, new AbortController().signal);
