/** S3 takes signatures of the last and the next fifteen minutes; less is a slow network. */
const FAR_MS = 5 * 60_000;

/** The storage's time, as far as it has said that ours is wrong. */
export class ServerClock {
  #offsetMs = 0;

  now(): Date {
    return new Date(Date.now() + this.#offsetMs);
  }

  /** Whether the time of an answer is not ours. */
  isFarFrom(date: string | undefined): boolean {
    const timeMs = Date.parse(date ?? "");
    return Math.abs(timeMs - this.now().getTime()) > FAR_MS;
  }

  /** Takes the time of an answer. Answers false for one that has none. */
  follow(date: string | undefined): boolean {
    const timeMs = Date.parse(date ?? "");
    if (Number.isNaN(timeMs)) return false;
    this.#offsetMs = timeMs - Date.now();
    return true;
  }
}
