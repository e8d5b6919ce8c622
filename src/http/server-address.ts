import { redact } from "../base/diagnostics.ts";
import { describe, messageOf, TidemarkError } from "../base/errors.ts";

/** Where a server is. */
export interface ServerAddress {
  /** With the user that may be in it. */
  readonly url: URL;
  /** Without user, query and trailing slash: paths are appended to it. */
  readonly base: string;
}

/** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
export function parseAddress(uri: string): ServerAddress {
  let url: URL;
  try {
    url = new URL(uri);
  } catch (error) {
    throw wrong(uri, messageOf(error));
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") throw wrong(uri, "is neither http nor https");
  if (url.search !== "" || url.hash !== "") throw wrong(uri, "has a query or a fragment");
  return { url, base: `${url.origin}${url.pathname.replace(/\/+$/, "")}` };
}

const wrong = (uri: string, problem: string) =>
  new TidemarkError(
    "INVALID_PARAMETER_VALUE",
    `uri: ${describe(redact(uri))} ${problem}; expected the address of an MLflow server, like "http://127.0.0.1:5000"`,
    { details: { argument: "uri" } },
  );
