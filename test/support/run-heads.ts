import type { RunHead } from "../../src/s3/store/run-head.ts";
import type { StoredMetric } from "../../src/s3/store/stored-metric.ts";

const SPECIAL_VALUES: readonly StoredMetric["value"][] = ["NaN", "Infinity", "-Infinity", "-0", 0, 5e-324];
const STATUSES = ["FINISHED", "FAILED", "KILLED", "RUNNING", "SCHEDULED"] as const;
/** Nobody can mistake one of these for part of an object. */
const AWKWARD_KEYS = ["__proto__", "constructor", "with space", 'a "quoted" key', "dotted.key", "ключ", "🎯", "\ud800"];

export const EMPTY_HEAD: RunHead = {
  rev: 1,
  ops: ["a"],
  createdBy: "a",
  id: "run",
  experimentId: "0",
  name: "run",
  userId: "ann",
  status: "FINISHED",
  startTime: 1_700_000_000_000,
  params: {},
  tags: {},
  inputs: [],
  modelInputs: [],
  modelOutputs: [],
  latestMetrics: [],
};

const pick = <T>(random: () => number, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/** A run that has a bit of everything, or nothing of some. */
export function awkwardHead(n: number, random: () => number): RunHead {
  const some = <T>(of: T): T[] => (random() < 0.5 ? [of] : []);
  const texts = (prefix: string) =>
    Object.fromEntries([
      ...some(["model", pick(random, ["cnn", "CNN", "mlp", "100%", "a_b", "", "ü"])] as const),
      ...some([`${prefix}.${n}`, String(n)] as const),
      ...some([pick(random, AWKWARD_KEYS), pick(random, ["x", "it's", 'say "hi"', "\n", "\u2028"])] as const),
    ]);
  const value = () => (random() < 0.4 ? pick(random, SPECIAL_VALUES) : Math.floor(random() * 10) / 10);
  const metric = (key: string) => ({ key, value: value(), step: n, timestamp: 1_700_000_000_000 + n });
  const dataset = {
    dataset: { name: pick(random, ["train", "test"]), digest: `d${n % 3}`, sourceType: "local", source: "{}" },
    tags: Object.fromEntries(some(["mlflow.data.context", pick(random, ["training", "eval"])] as const)),
  };
  const status = pick(random, STATUSES);
  const isOpen = status === "RUNNING" || status === "SCHEDULED";
  const { latestMetrics: _none, ...empty } = EMPTY_HEAD;
  return {
    ...empty,
    rev: 1 + Math.floor(random() * 5),
    id: `run-${String(n).padStart(4, "0")}`,
    name: pick(random, ["alpha", "Beta", "gamma 100%"]),
    userId: pick(random, ["ann", "bob"]),
    status,
    startTime: 1_700_000_000_000 + Math.floor(random() * 20),
    ...(isOpen
      ? {}
      : {
          endTime: 1_700_000_100_000 + n,
          latestMetrics: ["loss", ...some("accuracy"), ...some("val/loss"), ...some(pick(random, AWKWARD_KEYS))].map(
            metric,
          ),
        }),
    ...(random() < 0.2 ? { deletedIn: Math.floor(random() * 3), deletedTime: n } : {}),
    ...(random() < 0.05 ? { isGone: true } : {}),
    ...(random() < 0.3 ? { artifactUri: `s3://other/${n}` } : {}),
    params: texts("param"),
    tags: texts("tag"),
    inputs: some(dataset),
  };
}
