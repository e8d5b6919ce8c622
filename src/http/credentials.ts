import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readEnv } from "../base/env.ts";
import { homeDirectory } from "../base/user-places.ts";
import type { HttpOptions } from "./http-options.ts";

/** How a request says who sends it. */
export interface Credentials {
  /** Who that is, without what must stay secret. */
  readonly identity: string;
  /** The header's value. Fetched again after {@link forget}. */
  header(): Promise<string | undefined>;
  /** The server has refused this header. Answers whether another may be had. */
  forget(refused: string | undefined): boolean;
}

/**
 * The first of: options, the URL's user, `MLFLOW_TRACKING_USERNAME` with `_PASSWORD`, `MLFLOW_TRACKING_TOKEN`,
 * `~/.mlflow/credentials`. That a password wins over a token is MLflow's order.
 */
export function findCredentials(options: HttpOptions, url: URL): Credentials {
  const { username, password, token } = options;
  if (typeof token === "function") return renewable(token);
  if (token !== undefined) return withToken(token);
  if (username !== undefined) return asUser(username, password ?? "");
  if (url.username !== "") return asUser(decodeURIComponent(url.username), decodeURIComponent(url.password));
  const file = readCredentialsFile();
  const user = readEnv("MLFLOW_TRACKING_USERNAME") ?? file.get("mlflow_tracking_username");
  const secret = readEnv("MLFLOW_TRACKING_PASSWORD") ?? file.get("mlflow_tracking_password");
  if (user !== undefined && secret !== undefined) return asUser(user, secret);
  const environmentToken = readEnv("MLFLOW_TRACKING_TOKEN");
  return environmentToken === undefined ? ANYBODY : withToken(environmentToken);
}

const bearer = (token: string) => `Bearer ${token}`;

const asUser = (user: string, password: string): Credentials =>
  fixed(`user ${user}`, `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`);

/** Two tokens are two identities; 32 bits of a digest tell them apart and give nothing away. */
const withToken = (token: string): Credentials =>
  fixed(`token ${createHash("sha256").update(token).digest("hex").slice(0, 8)}`, bearer(token));

const fixed = (identity: string, header: string | undefined): Credentials => ({
  identity,
  header: async () => header,
  forget: () => false,
});

/** Nobody in particular. */
export const ANYBODY: Credentials = fixed("anybody", undefined);

function renewable(fetchToken: () => string | Promise<string>): Credentials {
  let current: Promise<string> | undefined;
  let known: string | undefined;
  return {
    identity: "token function",
    header: async () => {
      current ??= Promise.resolve(fetchToken()).then(bearer);
      try {
        known = await current;
        return known;
      } catch (error) {
        current = undefined;
        throw error;
      }
    },
    forget: (refused) => {
      // Of many requests that are refused at once, the first has another fetched for all of them.
      if (refused === known) current = undefined;
      return true;
    },
  };
}

/** The section `[mlflow]` of an INI file, as `mlflow login` writes it. */
function readCredentialsFile(): ReadonlyMap<string, string> {
  let text: string;
  try {
    text = readFileSync(join(homeDirectory(), ".mlflow", "credentials"), "utf8");
  } catch {
    return new Map();
  }
  const pairs = new Map<string, string>();
  let isOurs = false;
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[(.+)\]\s*$/.exec(line);
    if (section !== null) isOurs = section[1] === "mlflow";
    const pair = /^\s*([\w]+)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (isOurs && pair !== null) pairs.set((pair[1] as string).toLowerCase(), pair[2] as string);
  }
  return pairs;
}
