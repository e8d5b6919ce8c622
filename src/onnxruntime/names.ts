/** Where a name of the table is found in a run. */
export type NameKind = "metric" | "param" | "tag" | "artifact";

const metric = <Name extends string>(name: Name) => ({ kind: "metric", name }) as const;
const param = <Name extends string>(name: Name) => ({ kind: "param", name }) as const;
const tag = <Name extends string>(name: Name) => ({ kind: "tag", name }) as const;
const artifact = <Name extends string>(name: Name) => ({ kind: "artifact", name }) as const;

/**
 * Everything that this autolog gives a name of its own; docs/guide/autolog-onnxruntime.md has the same table, and a test compares them.
 * The scalars of a training go by the names of the model's outputs.
 */
export const NAMES = {
  latencyP50: metric("latency_p50_ms"),
  latencyP95: metric("latency_p95_ms"),
  latencyP99: metric("latency_p99_ms"),
  latencyMean: metric("latency_mean_ms"),
  latencyMax: metric("latency_max_ms"),
  overallP50: metric("overall_latency_p50_ms"),
  overallP95: metric("overall_latency_p95_ms"),
  overallP99: metric("overall_latency_p99_ms"),
  runsPerSecond: metric("runs_per_second"),
  stepsPerSecond: metric("steps_per_second"),
  examplesPerSecond: metric("examples_per_second"),
  batchSize: metric("batch_size"),
  errors: metric("errors"),
  createTime: metric("session_create_ms"),
  firstRunTime: metric("first_run_ms"),
  trainLoss: metric("loss"),
  evalLoss: metric("eval_loss"),
  optimizerSteps: metric("optimizer_steps"),

  modelName: param("model_name"),
  modelSize: param("model_size_bytes"),
  modelDigest: param("model_sha256"),
  modelOpset: param("model_opset"),
  modelIrVersion: param("model_ir_version"),
  modelProducer: param("model_producer"),
  modelGraph: param("model_graph"),
  inputs: param("inputs"),
  outputs: param("outputs"),
  firstRunInputs: param("first_run_inputs"),
  executionProviders: param("execution_providers"),
  sessionOptions: param("session_options"),
  runtime: param("onnxruntime"),
  runtimeVersion: param("onnxruntime_version"),
  parameterCount: param("parameter_count"),
  trainableParameterCount: param("trainable_parameter_count"),

  autologging: tag("mlflow.autologging"),
  errorMessages: tag("onnxruntime.errors"),

  signature: artifact("signature.json"),
} as const satisfies Readonly<Record<string, { readonly kind: NameKind; readonly name: string }>>;

/** Of a metric. */
export type MetricName = Extract<(typeof NAMES)[keyof typeof NAMES], { kind: "metric" }>["name"];
/** Of a param. */
export type ParamName = Extract<(typeof NAMES)[keyof typeof NAMES], { kind: "param" }>["name"];
