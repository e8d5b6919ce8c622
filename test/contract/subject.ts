import type { Backend } from "../../src/contract/backend.ts";
import type { Batch } from "../../src/contract/batch.ts";
import type { CreateRun, RunEntity } from "../../src/schema/run.ts";

/** What the parts of the contract are given: a new backend for every test. */
export interface ContractSubject {
  readonly backend: () => Backend;
  readonly experimentId: () => string;
  readonly newRun: (input?: Partial<CreateRun>) => Promise<RunEntity>;
  /** Sends a batch to a run and expects that all of it is taken. */
  readonly write: (runId: string, batch: Batch) => Promise<void>;
}
