import { join } from "node:path";
import type { Metric } from "../schema/metric.ts";
import type { RunEntity } from "../schema/run.ts";
import { keyFiles, readTexts } from "./key-files.ts";
import { METRICS_DIRECTORY, PARAMS_DIRECTORY, TAGS_DIRECTORY } from "./layout.ts";
import { readLatest } from "./metric-history.ts";
import type { RunInfo } from "./run-files.ts";
import { RunInputs } from "./run-inputs.ts";
import { type StoreFiles, skipDamaged } from "./store-files.ts";

/** Everything a run's directory holds but the histories. */
export function readRun({ containment }: StoreFiles, place: string, info: RunInfo): RunEntity {
  const latestMetrics: Metric[] = [];
  for (const { key, path } of keyFiles(containment, "metric", join(place, METRICS_DIRECTORY))) {
    const latest = skipDamaged(() => readLatest(path, key));
    if (latest !== undefined) latestMetrics.push(latest);
  }
  latestMetrics.sort((a, b) => (a.key < b.key ? -1 : 1));
  return {
    ...info,
    params: readTexts(containment, "param", join(place, PARAMS_DIRECTORY)),
    tags: readTexts(containment, "tag", join(place, TAGS_DIRECTORY)),
    metrics: Object.fromEntries(latestMetrics.map(({ key, value }) => [key, value])),
    latestMetrics,
    inputs: new RunInputs(containment, place).read(),
  };
}
