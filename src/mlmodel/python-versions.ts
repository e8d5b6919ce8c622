/**
 * What a Python needs to load a model with an ONNX form, in the versions that the peers of our tests have. A program of Node cannot
 * ask a Python which ones it has.
 */
export const PYTHON_VERSIONS = {
  python: "3.11.7",
  mlflow: "3.17.2",
  onnx: "1.23.2",
  onnxruntime: "1.32.0",
} as const;
