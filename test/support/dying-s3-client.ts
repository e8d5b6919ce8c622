import { TidemarkError } from "../../src/base/errors.ts";
import type { HttpResponse } from "../../src/net/http-types.ts";
import { S3Client } from "../../src/s3/client.ts";
import type { ListPage } from "../../src/s3/list-page.ts";
import type {
  ConditionalOutcome,
  GetOptions,
  ListOptions,
  PutOptions,
  S3RequestOptions,
  WriteCondition,
} from "../../src/s3/object-requests.ts";

/** What a program gets that has been killed: no answer that it could do anything with. */
export class Killed extends Error {}

/** How often something goes wrong, of all requests. */
export interface Mortality {
  /** The process dies: half of the times before the request has taken effect, half of them after. */
  readonly kills: number;
  /** The request has taken effect, or not, and nobody says which: the process goes on. */
  readonly losses: number;
}

/** The bucket as a process sees it that may be killed at any request. */
export class DyingS3Client extends S3Client {
  readonly #random: () => number;
  readonly #mortality: Mortality;
  /** Whoever is told may kill others with it. */
  isDead = false;
  /** Everything that was put, with its bytes, for those who want to do it once more. */
  readonly written = new Map<string, Uint8Array>();

  constructor(client: S3Client, random: () => number, mortality: Mortality) {
    super(client.exchange);
    this.#random = random;
    this.#mortality = mortality;
  }

  override async put(key: string, body: Uint8Array, options?: PutOptions): Promise<string> {
    return await this.#risk(() => super.put(key, body, options));
  }

  override async putIf(
    key: string,
    body: Uint8Array,
    condition: WriteCondition,
    options?: PutOptions,
  ): Promise<ConditionalOutcome> {
    this.written.set(key, body.slice());
    return await this.#risk(() => super.putIf(key, body, condition, options));
  }

  override async open(key: string, options?: GetOptions): Promise<HttpResponse> {
    return await this.#risk(() => super.open(key, options));
  }

  override async delete(key: string, options?: S3RequestOptions): Promise<void> {
    await this.#risk(() => super.delete(key, options));
  }

  override async listPage(options?: ListOptions): Promise<ListPage> {
    return await this.#risk(() => super.listPage(options));
  }

  async #risk<T>(request: () => Promise<T>): Promise<T> {
    this.#mourn();
    const fate = this.#random();
    const { kills, losses } = this.#mortality;
    if (fate < kills / 2) this.isDead = true;
    this.#mourn();
    if (fate >= kills && fate < kills + losses / 2) throw unanswered();
    const answer = await request();
    if (fate < kills) this.isDead = true;
    this.#mourn();
    if (fate < kills + losses && fate >= kills) throw unanswered();
    return answer;
  }

  #mourn(): void {
    if (this.isDead) throw new Killed("the process was killed");
  }
}

const unanswered = () => new TidemarkError("TEMPORARILY_UNAVAILABLE", "the answer was lost on purpose");
