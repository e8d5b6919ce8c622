const ZERO = 0x30;

/** The digits of 00 to 99. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) => ZERO + (i % 2 === 0 ? Math.floor(i / 20) : (i >> 1) % 10));

/** Writes the last `count` decimal digits of a number below 2^31, with zeros in front. */
export function writeDigits(bytes: Uint8Array, at: number, value: number, count: number): void {
  let place = at + count - 2;
  for (; place >= at; place -= 2) {
    const quotient = (value / 100) | 0;
    const pair = (value - quotient * 100) << 1;
    bytes[place] = PAIRS[pair] as number;
    bytes[place + 1] = PAIRS[pair + 1] as number;
    value = quotient;
  }
  if (place === at - 1) bytes[at] = ZERO + (value % 10);
}
