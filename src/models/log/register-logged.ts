import { register } from "../../registry/register.ts";
import { Client } from "../../tracking/client.ts";
import type { Run } from "../../tracking/run.ts";

/** Makes a version of a model that a run has logged, where the run is kept, and answers its number. */
export async function registerLogged(run: Run, uri: string, name: string, alias: string | undefined): Promise<number> {
  const client = new Client(run.home.backend);
  const { version } = await register(uri, name, { client, ...(alias === undefined ? {} : { alias }) });
  return version;
}
