import { connect } from "../connect/connect.ts";
import type { Client } from "../tracking/client.ts";
import type { Output } from "./output.ts";

/** What every command is given. */
export interface Session {
  readonly out: Output;
  /** One JSON document instead of text. */
  readonly json: boolean;
  /** `--uri`. */
  readonly uri: string | undefined;
}

/** Connects to where the runs are, and lets go of it afterwards. */
export async function withClient<T>({ uri }: Session, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(uri);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** For the person at the terminal: stdout only carries the answer. */
export function remark({ out, json }: Session, text: string): void {
  if (out.isTerminal && !json) console.error(text);
}
