/** A tensor as sessions answer them. */
export const tensor = (values: readonly number[], dims: readonly number[] = [values.length]) => ({
  type: "float32",
  dims,
  size: values.length,
  data: Float32Array.from(values),
});

/** What the stub does in a run. May throw. */
export type StubRun = (...args: readonly unknown[]) => unknown;

/** A namespace with classes of its own, whose sessions do what a test wants, with no metadata as before version 1.21. */
export function stubOrt(run: StubRun = () => ({ loss: tensor([0.5], []) })) {
  class InferenceSession {
    readonly inputNames = ["x"];
    readonly outputNames = ["loss"];
    static async create(..._args: readonly unknown[]): Promise<InferenceSession> {
      return new InferenceSession();
    }
    async run(...args: readonly unknown[]): Promise<unknown> {
      return run(...args);
    }
    async release(): Promise<void> {}
  }
  return { InferenceSession, env: { versions: { common: "1.19.0", node: "1.19.0" } } };
}
