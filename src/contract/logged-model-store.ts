import type { CreateLoggedModel, LoggedModel, LoggedModelStatus } from "../schema/model.ts";
import type { Page, PageRequest } from "./tracking-store.ts";

/** Which logged models. */
export interface LoggedModelQuery extends PageRequest {
  readonly experimentIds: readonly string[];
  readonly filter?: string;
  readonly orderBy?: readonly string[];
}

/** Models that runs have produced, before any of them is registered under a name. */
export interface LoggedModelStore {
  create(input: CreateLoggedModel): Promise<LoggedModel>;
  get(modelId: string): Promise<LoggedModel>;
  search(query: LoggedModelQuery): Promise<Page<LoggedModel>>;
  finalize(modelId: string, status: Exclude<LoggedModelStatus, "PENDING">): Promise<LoggedModel>;
  delete(modelId: string): Promise<void>;
  logParams(modelId: string, params: Readonly<Record<string, string>>): Promise<void>;
  setTags(modelId: string, tags: Readonly<Record<string, string>>): Promise<void>;
  deleteTag(modelId: string, key: string): Promise<void>;
}
