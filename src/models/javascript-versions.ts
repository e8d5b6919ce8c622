/** What of npm loads a model, in the versions that our tests have: for the `package.json` of a model saved without the package at hand. */
export const JAVASCRIPT_VERSIONS = {
  "@tensorflow/tfjs": "4.22.0",
  "onnxruntime-node": "1.30.0",
} as const;
