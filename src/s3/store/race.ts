import { HttpClient } from "../../net/http-client.ts";
import { parseS3Uri } from "../bucket-address.ts";
import { S3Client } from "../client.ts";
import { S3Exchange } from "../s3-exchange.ts";
import { checkS3Options, type S3Options } from "../s3-options.ts";
import { findSettings } from "../s3-settings.ts";
import { ServerClock } from "../server-clock.ts";
import { PROBE_DIRECTORY } from "./layout.ts";
import { newNonce } from "./store-objects.ts";

/** What became of writes of which one may succeed. */
export interface RaceResult {
  /** How many wrote at once, each time. */
  readonly writers: number;
  /** How many created one and the same object. Honest is 1. */
  readonly creators: number;
  /** How many changed one and the same state of it. Honest is 1. */
  readonly changers: number;
}

const WRITERS = 32;

/**
 * Lets 32 requests at once create one object, then change it: a storage that keeps conditions only of one write after the other, which the
 * probe of every store cannot see, shows it here. Deletes what it makes.
 *
 * @throws {TidemarkError} where the storage cannot be asked, or knows no conditions
 */
export async function raceConditions(uri: string, options: S3Options = {}): Promise<RaceResult> {
  const { bucket, prefix } = parseS3Uri(uri);
  const settings = findSettings(checkS3Options(options));
  const http = new HttpClient({ ...settings.network, maxConnections: WRITERS });
  const client = new S3Client(new S3Exchange(settings, http, new ServerClock(), bucket));
  const key = `${prefix === "" ? "" : `${prefix}/`}${PROBE_DIRECTORY}/${newNonce()}`;
  const race = async (condition: { ifAbsent: true } | { ifMatch: string }) => {
    const outcomes = await Promise.all(
      Array.from({ length: WRITERS }, (_, writer) =>
        client.putIf(key, Buffer.from(JSON.stringify({ writer, nonce: newNonce() })), condition),
      ),
    );
    return outcomes.filter(({ status }) => status === "written").length;
  };
  try {
    const creators = await race({ ifAbsent: true });
    const { etag } = await client.head(key);
    return { writers: WRITERS, creators, changers: await race({ ifMatch: etag }) };
  } finally {
    await client.delete(key).catch(() => {});
    await http.close();
  }
}
