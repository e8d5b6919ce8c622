// What the cases of a bucket share.

/** Does some work for each of many things, so many at a time. */
export async function inFlight(things, width, work) {
  let next = 0;
  const one = async () => {
    while (next < things.length) await work(things[next++]);
  };
  await Promise.all(Array.from({ length: width }, one));
}
