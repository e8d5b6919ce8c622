/** A frame has 16 ms; the browser needs some of them. */
const LONGEST_SLICE_MS = 8;

let sliceStart = 0;

/** Lets the browser draw and answer where this slice of work has taken long enough. To be called often in what takes long. */
export async function breathe(): Promise<void> {
  if (performance.now() - sliceStart >= LONGEST_SLICE_MS) await rest();
}

/** The same in any case, before work that has no slices. */
export async function rest(): Promise<void> {
  await new Promise<void>((resolve) => {
    // A frame first, so that a long queue of slices never holds one back. Frames stop where the page is not seen.
    const timer = window.setTimeout(go, 100);
    const frame = requestAnimationFrame(() => window.setTimeout(go, 0));
    function go() {
      clearTimeout(timer);
      cancelAnimationFrame(frame);
      resolve();
    }
  });
  sliceStart = performance.now();
}
