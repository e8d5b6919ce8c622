import { latestPoint, orderPoints } from "../../base/point-order.ts";
import type { MetricColumns, Series } from "../../contract/batch.ts";
import type { Metric, MetricHistory } from "../../schema/metric.ts";
import type { RunMetrics } from "./run-metrics.ts";
import type { StoreObjects } from "./store-objects.ts";

type Point = [key: string, value: string, timestamp: number, step: number];

/** Stand-in: segments of JSON. */
export class PlainRunMetrics implements RunMetrics {
  readonly #objects: StoreObjects;
  readonly #directory: string;
  readonly #writerId: string;
  #seq = 0;

  constructor(objects: StoreObjects, directory: string, writerId: string) {
    this.#objects = objects;
    this.#directory = directory;
    this.#writerId = writerId;
  }

  async append(columns: MetricColumns, series: readonly Series[]): Promise<void> {
    const points: Point[] = Array.from({ length: columns.length }, (_, i) => {
      const value = columns.values[i] as number;
      return [
        (series[columns.seriesIds[i] as number] as Series).key,
        Object.is(value, -0) ? "-0" : String(value),
        columns.timestamps[i] as number,
        columns.steps[i] as number,
      ];
    });
    const key = `${this.#directory}seg/${this.#writerId}/${String(this.#seq++).padStart(8, "0")}.json`;
    await this.#objects.put(key, Buffer.from(JSON.stringify(points)));
  }

  async history(key: string): Promise<MetricHistory> {
    const points = (await this.#points()).filter(([name]) => name === key);
    return orderPoints({
      steps: Float64Array.from(points, ([, , , step]) => step),
      timestamps: Float64Array.from(points, ([, , timestamp]) => timestamp),
      values: Float64Array.from(points, ([, value]) => Number(value)),
    });
  }

  async latest(): Promise<readonly Metric[]> {
    const keys = new Set((await this.#points()).map(([key]) => key));
    const latest = await Promise.all([...keys].map(async (key) => latestPoint(key, await this.history(key))));
    return latest.flatMap((point) => point ?? []);
  }

  async compact(): Promise<void> {}

  async #points(): Promise<Point[]> {
    const listed = await this.#objects.list(`${this.#directory}seg/`);
    const parts = await Promise.all(
      listed.map(async ({ key }) => {
        const object = await this.#objects.get(key, 64 << 20);
        return JSON.parse(object?.bytes.toString() ?? "[]") as Point[];
      }),
    );
    return parts.flat();
  }
}
