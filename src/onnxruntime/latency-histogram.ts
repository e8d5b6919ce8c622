/** Buckets of one octave: neighbours differ by 1/64, so the middle of a bucket is within 0.8 % of all that is in it. */
const BITS_PER_OCTAVE = 6;
/** From 2^-10 ms, about a microsecond, to 2^26 ms, about 18 hours; what lies outside counts as the first or the last. */
const LOWEST_EXPONENT = -10;
const OCTAVES = 36;
const BUCKETS = OCTAVES << BITS_PER_OCTAVE;

// The upper half of a float64 is sign, exponent and 20 bits of the fraction: cut to 6, it numbers the buckets by itself.
const SHIFT = 20 - BITS_PER_OCTAVE;
const EXPONENT_BIAS = 1_023;
const FIRST_BUCKET = (EXPONENT_BIAS + LOWEST_EXPONENT) << BITS_PER_OCTAVE;
const scratch = new Float64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);
const UPPER_HALF = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

/**
 * Durations in milliseconds, counted in buckets whose width grows with the duration: percentiles of any number of values, exact to one
 * percent, in 9 KiB. Count, sum and extremes are exact.
 */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  /** All that is counted lies between these: a session's durations are in a few dozen buckets. */
  #firstUsed = BUCKETS;
  #lastUsed = -1;
  #count = 0;
  #sumMs = 0;
  #minMs = Number.POSITIVE_INFINITY;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** NaN while there are no values, as all that follows. */
  get meanMs(): number {
    return this.#sumMs / this.#count;
  }

  get maxMs(): number {
    return this.#count === 0 ? Number.NaN : this.#maxMs;
  }

  /** Counts one duration; what is no duration, because a clock was set back, as 0. */
  record(durationMs: number): void {
    const ms = durationMs > 0 ? durationMs : 0;
    const bucket = bucketOf(ms);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    if (bucket < this.#firstUsed) this.#firstUsed = bucket;
    if (bucket > this.#lastUsed) this.#lastUsed = bucket;
    this.#count++;
    this.#sumMs += ms;
    if (ms < this.#minMs) this.#minMs = ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /**
   * The duration that `percent` of all do not exceed, by nearest rank.
   *
   * @param percent - From 0 to 100.
   */
  percentileMs(percent: number): number {
    if (this.#count === 0) return Number.NaN;
    let rank = Math.max(1, Math.ceil((percent / 100) * this.#count));
    if (rank >= this.#count) return this.#maxMs;
    for (let bucket = this.#firstUsed; bucket <= this.#lastUsed; bucket++) {
      rank -= this.#counts[bucket] as number;
      if (rank <= 0) return Math.min(Math.max(middleOf(bucket), this.#minMs), this.#maxMs);
    }
    return this.#maxMs;
  }

  /** Adds all that another histogram has counted. */
  merge(other: LatencyHistogram): void {
    for (let bucket = other.#firstUsed; bucket <= other.#lastUsed; bucket++) {
      this.#counts[bucket] = (this.#counts[bucket] as number) + (other.#counts[bucket] as number);
    }
    this.#firstUsed = Math.min(this.#firstUsed, other.#firstUsed);
    this.#lastUsed = Math.max(this.#lastUsed, other.#lastUsed);
    this.#count += other.#count;
    this.#sumMs += other.#sumMs;
    this.#minMs = Math.min(this.#minMs, other.#minMs);
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  /** Forgets everything. */
  reset(): void {
    this.#counts.fill(0, this.#firstUsed, this.#lastUsed + 1);
    this.#firstUsed = BUCKETS;
    this.#lastUsed = -1;
    this.#count = 0;
    this.#sumMs = 0;
    this.#minMs = Number.POSITIVE_INFINITY;
    this.#maxMs = 0;
  }
}

function bucketOf(ms: number): number {
  scratch[0] = ms;
  const bucket = ((scratchWords[UPPER_HALF] as number) >>> SHIFT) - FIRST_BUCKET;
  return bucket < 0 ? 0 : bucket < BUCKETS ? bucket : BUCKETS - 1;
}

function middleOf(bucket: number): number {
  const octave = 2 ** (LOWEST_EXPONENT + (bucket >> BITS_PER_OCTAVE));
  const place = bucket & ((1 << BITS_PER_OCTAVE) - 1);
  return octave * (1 + (place + 0.5) / (1 << BITS_PER_OCTAVE));
}
