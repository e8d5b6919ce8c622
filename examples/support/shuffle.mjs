/** Fisher-Yates, in place. */
export function shuffle(rows, random) {
  for (let last = rows.length - 1; last > 0; last--) {
    const chosen = Math.floor(random() * (last + 1));
    [rows[last], rows[chosen]] = [rows[chosen], rows[last]];
  }
}

/** Mulberry32: `Math.random` takes no seed. */
export function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
