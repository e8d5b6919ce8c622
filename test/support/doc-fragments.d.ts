/** What the parts of programs in the documentation take from the lines that stand before them there. */
import type * as tidemark from "tidemark";
import type * as models from "tidemark/models";

declare global {
  const connect: typeof tidemark.connect;
  const startRun: typeof tidemark.startRun;
  const withRun: typeof tidemark.withRun;
  const dataset: typeof tidemark.dataset;
  const { packModel, unpackModel }: typeof models;
  const blobBackend: (options: { directory: string; blobs: unknown }) => tidemark.Backend;

  const run: tidemark.Run;
  const runId: string;
  const client: tidemark.Client;

  const train: () => Promise<number>;
  const model: { summary(): string };
  const confusion: number[][];
  const myStore: unknown;
  const activations: import("@tensorflow/tfjs").Tensor3D;
  const tf: typeof import("@tensorflow/tfjs");
  const canvasContext: { getImageData(...area: number[]): { data: Uint8ClampedArray; width: number; height: number } };
  const readFile: (path: string) => Promise<Uint8Array>;
}
