import { z } from "zod";
import { TidemarkError } from "../../base/errors.ts";
import { type Content, type HeadFields, type HeadKind, type Heads, headFields } from "./heads.ts";

const claimSchema = z.object({
  ...headFields,
  name: z.string(),
  /** Whose name it is, as long as its head says so too. */
  id: z.string().min(1),
  /** How often the name went to something new. */
  generation: z.int().nonnegative(),
});
type Claim = z.infer<typeof claimSchema>;

/** What has a name. */
interface Named extends HeadFields {
  readonly name: string;
}

/** How one kind of thing is named. */
export interface NameRules<T extends Named> {
  readonly keyOf: (name: string) => string;
  readonly kind: HeadKind<T>;
  /** The id of something new. */
  readonly newId: (name: string, generation: number) => string;
  /** Such a head has given up its name for good. */
  readonly isGone: (head: T) => boolean;
  /** A head that is gone from the start. */
  readonly tombstone: (id: string) => Content<T>;
  readonly taken: (owner: T) => TidemarkError;
}

const MOST_ATTEMPTS = 100;

/**
 * Names that belong to one thing each. A claim, made once, says whose a name is; it counts while the head that it names has that name.
 * So a name changes hands by one write to a head, and what a crash leaves half done can be taken up by anybody.
 */
export class Names<T extends Named> {
  readonly #heads: Heads;
  readonly #rules: NameRules<T>;
  readonly #kind: HeadKind<Claim>;

  constructor(heads: Heads, rules: NameRules<T>) {
    this.#heads = heads;
    this.#rules = rules;
    this.#kind = { schema: claimSchema, keyOf: rules.keyOf };
  }

  /** What has the name now, with its id. */
  async find(name: string): Promise<{ readonly id: string; readonly head: T } | undefined> {
    const claim = await this.#heads.read(this.#kind, name);
    if (claim === undefined) return undefined;
    const head = await this.#heads.read(this.#rules.kind, claim.id);
    return head !== undefined && this.#isOwner(head, name) ? { id: claim.id, head } : undefined;
  }

  /** Makes something new under a name. @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS` */
  async create(
    name: string,
    contentOf: (id: string) => Content<T>,
  ): Promise<{ readonly id: string; readonly head: T }> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const claim = await this.#claimForNew(name);
      const head = await this.#heads.create(this.#rules.kind, claim.id, contentOf(claim.id));
      if (head !== undefined) return { id: claim.id, head };
      // Somebody else has used the same claim. Whether it took the name is seen by asking again.
    }
    throw tooMany(name);
  }

  /**
   * Gives a thing another name. `change` is called with its head as it is.
   *
   * @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS`
   */
  async rename(id: string, name: string, change: (head: T) => Content<T>, missing: () => TidemarkError): Promise<T> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const before = await this.#heads.read(this.#rules.kind, id);
      if (before === undefined) throw missing();
      change(before);
      if (before.name === name) throw this.#rules.taken(before);
      await this.#claimFor(name, id);
      let isBehind = false;
      const head = await this.#heads.change(
        this.#rules.kind,
        id,
        (current) => {
          // Whoever takes an unused claim writes the head first: a claim is only good for the head as it was before.
          isBehind = current.rev !== before.rev;
          return isBehind ? current : change(current);
        },
        missing,
      );
      if (!isBehind) return head;
    }
    throw tooMany(name);
  }

  /** The claim for something that is not there yet. @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS` */
  async #claimForNew(name: string): Promise<Claim> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const claim = await this.#heads.read(this.#kind, name);
      if (claim === undefined) {
        const made = { name, id: this.#rules.newId(name, 0), generation: 0 };
        const head = await this.#heads.create(this.#kind, name, made);
        if (head !== undefined) return head;
        continue;
      }
      const owner = await this.#heads.read(this.#rules.kind, claim.id);
      // Somebody has claimed it, and has made nothing yet. Who makes it first has it.
      if (owner === undefined) return claim;
      if (this.#isOwner(owner, name)) throw this.#rules.taken(owner);
      if (!(await this.#fence(claim.id, owner))) continue;
      const generation = claim.generation + 1;
      const stolen = await this.#take(claim, { name, id: this.#rules.newId(name, generation), generation });
      if (stolen !== undefined) return stolen;
    }
    throw tooMany(name);
  }

  /** Claims a name for what is there. The claim is written, whatever it says: who wants to take it notices that. */
  async #claimFor(name: string, id: string): Promise<void> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const claim = await this.#heads.read(this.#kind, name);
      if (claim === undefined) {
        if ((await this.#heads.create(this.#kind, name, { name, id, generation: 0 })) !== undefined) return;
        continue;
      }
      if (claim.id !== id) {
        const owner = await this.#heads.read(this.#rules.kind, claim.id);
        if (owner !== undefined && this.#isOwner(owner, name)) throw this.#rules.taken(owner);
        if (!(await this.#fence(claim.id, owner))) continue;
      }
      const generation = claim.id === id ? claim.generation : claim.generation + 1;
      if ((await this.#take(claim, { name, id, generation })) !== undefined) return;
    }
    throw tooMany(name);
  }

  /**
   * Writes a head anew, so that a rename that has been begun on what it was fails, and begins again with the claim. Where there is none,
   * makes one that is gone, so that nobody makes it later. Answers false where it is another one by now.
   */
  async #fence(id: string, seen: T | undefined): Promise<boolean> {
    const { kind, isGone, tombstone } = this.#rules;
    if (seen === undefined) return (await this.#heads.create(kind, id, tombstone(id))) !== undefined;
    if (isGone(seen)) return true;
    let isSame = false;
    const again = (head: T): Content<T> => {
      isSame = head.rev === seen.rev;
      return isSame ? { ...head } : head;
    };
    await this.#heads.change(kind, id, again, () => tooMany(seen.name));
    return isSame;
  }

  /** Writes a claim where it is still as it was seen. */
  async #take(seen: Claim, next: Content<Claim>): Promise<Claim | undefined> {
    let isLate = false;
    const changed = await this.#heads.change(
      this.#kind,
      seen.name,
      (claim) => {
        isLate = claim.rev !== seen.rev;
        return isLate ? claim : { ...claim, ...next };
      },
      () => tooMany(seen.name),
    );
    return isLate ? undefined : changed;
  }

  #isOwner(head: T, name: string): boolean {
    return head.name === name && !this.#rules.isGone(head);
  }
}

const tooMany = (name: string): TidemarkError =>
  new TidemarkError("TEMPORARILY_UNAVAILABLE", `others change who is called ${JSON.stringify(name)} all the time`);
