import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TidemarkError } from "../../src/base/errors.ts";
import type { S3Client } from "../../src/s3/client.ts";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import { Background } from "../../src/s3/store/background.ts";
import { openStore, type Stores } from "../../src/s3/store/open-store.ts";
import { StoreClient } from "../../src/s3/store/store-client.ts";
import { WritePacer } from "../../src/s3/store/write-pacer.ts";
import { batchOf } from "../contract/batches.ts";
import { send } from "../contract/subject.ts";
import { DyingS3Client, Killed } from "../support/dying-s3-client.ts";
import { leftOut } from "../support/peers.ts";
import { randomFrom, SEED } from "../support/random.ts";
import { BUCKET, keysBelow, type S3Server, startVersitygwServer } from "../support/s3-servers.ts";

const LEAST_KILLS = 500;
const MORTALITY = { kills: 0.05, losses: 0.02 };
const PROGRAMS = 4;
const MOST_DEEDS_A_LIFE = 40;
const EXPERIMENT = "0";
const MODEL = "digits";

describe.skipIf(leftOut("versitygw"))("a store", () => {
  let server: S3Server;
  let bucket: S3Client;
  beforeAll(async () => {
    server = await startVersitygwServer();
    bucket = new S3Opener(server.options).bucket(BUCKET);
  });
  afterAll(() => server?.kill());

  it(`whose programs are killed ${LEAST_KILLS} times keeps what it has acknowledged (seed ${SEED})`, async () => {
    const world = new World(bucket);
    await world.begin();
    const random = randomFrom(SEED);
    while (world.kills < LEAST_KILLS)
      await Promise.all(Array.from({ length: PROGRAMS }, (_, program) => world.live(`program ${program}`, random)));
    await world.end();
    await world.check();
    console.log(`${world.kills} kills, ${world.runs.size} runs, ${world.versions.size} versions`);
  }, 900_000);
});

/** What programs have been told that it is there. */
class World {
  kills = 0;
  readonly runs = new Set<string>();
  readonly params = new Map<string, string>();
  /** Of one writer each: what was acknowledged last, and what was tried last. */
  readonly tags = new Map<string, { acknowledged: number; tried: number }>();
  readonly versions = new Map<number, string>();
  readonly #bucket: S3Client;
  readonly #prefix = "crash";
  readonly #backgrounds: Background[] = [];
  #counter = 0;

  constructor(bucket: S3Client) {
    this.#bucket = bucket;
  }

  async begin(): Promise<void> {
    const { tracking, registry } = this.#open(new StoreClient(this.#bucket.exchange));
    await registry.createModel({ name: MODEL });
    for (let n = 0; n < 5; n++) this.runs.add((await tracking.createRun({ experimentId: EXPERIMENT })).id);
  }

  /** One life of a program: deeds until it is killed, or has done enough. */
  async live(program: string, random: () => number): Promise<void> {
    const client = new DyingS3Client(this.#bucket, random, MORTALITY);
    const store = this.#open(Object.assign(client, { concurrency: "many-writers" as const }));
    try {
      for (let deed = 0; deed < MOST_DEEDS_A_LIFE; deed++) await this.#attempt(store, program, random);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.kills++;
    }
  }

  /** What fails for want of an answer may have been done. */
  async #attempt(store: Stores, program: string, random: () => number): Promise<void> {
    try {
      await this.#act(store, program, random);
    } catch (error) {
      if (!(error instanceof TidemarkError) || error.code !== "TEMPORARILY_UNAVAILABLE") throw error;
    }
  }

  async #act({ tracking, registry }: Stores, program: string, random: () => number): Promise<void> {
    const ids = [...this.runs].slice(0, 8);
    const id = ids[Math.floor(random() * ids.length)] as string;
    const n = ++this.#counter;
    const kind = random();
    if (kind < 0.15) {
      this.runs.add((await tracking.createRun({ experimentId: EXPERIMENT })).id);
    } else if (kind < 0.35) {
      const param = { key: `p${Math.floor(random() * 20)}`, value: String(Math.floor(random() * 2)) };
      const outcome = await send(await tracking.openSink(id), batchOf({ params: [param] }));
      if (outcome.status !== "ok") return;
      const place = `${id} ${param.key}`;
      // Whoever is told "ok" has the one value.
      expect(this.params.get(place) ?? param.value).toBe(param.value);
      this.params.set(place, param.value);
    } else if (kind < 0.7) {
      const key = `${id} ${program}`;
      const tag = this.tags.get(key) ?? { acknowledged: 0, tried: 0 };
      this.tags.set(key, tag);
      tag.tried = n;
      const outcome = await send(await tracking.openSink(id), batchOf({ tags: [{ key: program, value: String(n) }] }));
      if (outcome.status === "ok") tag.acknowledged = n;
    } else if (kind < 0.85) {
      const source = `s3://models/${n}`;
      const { version } = await registry.createVersion({ name: MODEL, source });
      expect(this.versions.has(version), `version ${version} was given out before`).toBe(false);
      this.versions.set(version, source);
    } else {
      const query = { experimentIds: [EXPERIMENT], viewType: "all", maxResults: 50_000 } as const;
      const known = new Set(this.runs);
      const { items } = await tracking.searchRuns(query);
      for (const found of items) known.delete(found.id);
      expect([...known], "runs that are there and were not found").toEqual([]);
    }
  }

  /** Nothing goes on any more. */
  async end(): Promise<void> {
    await Promise.all(this.#backgrounds.map((background) => background.close()));
  }

  /** Compares what is there with what was said, and lists with what they are of. */
  async check(): Promise<void> {
    const { tracking, registry } = this.#open(new StoreClient(this.#bucket.exchange));
    const query = { experimentIds: [EXPERIMENT], viewType: "all", maxResults: 50_000 } as const;
    const { items } = await tracking.searchRuns(query);
    const listed = new Map(items.map((run) => [run.id, run]));
    const heads = (await this.#keys("/runs/run=", "/run.json")).map((key) => /run=(\w+)/.exec(key)?.[1] as string);
    expect([...listed.keys()].sort()).toEqual(heads.sort());
    for (const id of this.runs) expect(listed.has(id), `run ${id}`).toBe(true);
    for (const id of heads) expect(listed.get(id)).toEqual(await tracking.getRun(id));
    for (const [place, value] of this.params) {
      const [id = "", key = ""] = place.split(" ");
      expect(listed.get(id)?.params[key], place).toBe(value);
    }
    for (const [place, { acknowledged, tried }] of this.tags) {
      const [id = "", ...key] = place.split(" ");
      const stored = Number(listed.get(id)?.tags[key.join(" ")] ?? 0);
      expect(stored, place).toBeGreaterThanOrEqual(acknowledged);
      expect(stored, place).toBeLessThanOrEqual(tried);
    }
    const found = (await registry.searchVersions({ maxResults: 50_000, orderBy: ["version_number"] })).items;
    expect(found.map(({ version }) => version)).toEqual(found.map((_, index) => index + 1));
    for (const [version, source] of this.versions) expect(found[version - 1]?.source).toBe(source);
  }

  #open(client: StoreClient): Stores {
    const pacer = new WritePacer(0);
    const background = new Background();
    this.#backgrounds.push(background);
    return openStore({ client, prefix: this.#prefix, concurrency: "many-writers", pacer, background });
  }

  async #keys(directory: string, end: string): Promise<string[]> {
    return (await keysBelow(this.#bucket, this.#prefix + directory)).filter((key) => key.endsWith(end));
  }
}
