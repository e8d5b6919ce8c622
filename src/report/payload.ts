/** A name and its value. Never an object: names are whatever somebody logged, `__proto__` too. */
export type Pair = readonly [name: string, value: string];

/** Everything that the page shows, as it stands in the file as JSON. Numbers that JSON has no form for are in columns beside it. */
export interface ReportPayload {
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  /** Where the runs are, without credentials. */
  readonly uri: string;
  readonly experiments: readonly ReportExperiment[];
  readonly runs: readonly ReportRun[];
  /** Of all curves, in their order. */
  readonly metricKeys: readonly string[];
  readonly curves: readonly CurvePlace[];
  /** How many points each block of columns holds, but for the last one. */
  readonly pointsPerBlock: number;
  readonly leftOut: readonly LeftOut[];
}

export interface ReportExperiment {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
}

/** Where the points of one metric of one run are among all points. */
export interface CurvePlace {
  /** Position in `metricKeys`. */
  readonly key: number;
  /** Position in `runs`. */
  readonly run: number;
  readonly start: number;
  readonly length: number;
  /** How many were logged: more than `length` where the curve was thinned. */
  readonly logged: number;
}

/** The columns of a block of points, in this order. */
export const POINT_COLUMNS = ["steps", "timestamps", "values"] as const;

/** What is said of every curve, a column each. Of all that was logged, not only of what was kept; NaN where there is nothing. */
export const SUMMARY_COLUMNS = ["last", "lastStep", "smallest", "smallestStep", "largest", "largestStep"] as const;

export interface ReportRun {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  /** Of a run that says it is RUNNING, and that nobody seems to be at work on: milliseconds since 1970. */
  readonly lastSign?: number;
  readonly experiment: string;
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly startTime: number;
  readonly endTime?: number;
  readonly parent?: string;
  readonly artifactUri: string;
  readonly description?: string;
  readonly params: readonly Pair[];
  /** The user's own. */
  readonly tags: readonly Pair[];
  /** Tags that say where the run comes from. */
  readonly environment: readonly Pair[];
  readonly datasets: readonly ReportDataset[];
  readonly models: readonly ReportModel[];
  readonly imageSeries: readonly ImageSeries[];
  readonly pictures: readonly Picture[];
  readonly tables: readonly ReportTable[];
  readonly matrices: readonly ReportMatrix[];
  readonly files: readonly ReportFile[];
}

export interface ReportDataset {
  readonly name: string;
  readonly context: string;
  readonly digest: string;
  readonly sourceType: string;
  readonly source: string;
  readonly profile: string;
}

/** One thing that a model takes or gives. */
export interface PortRow {
  readonly name: string;
  readonly type: string;
  readonly note: string;
}

export interface ReportModel {
  readonly name: string;
  readonly id: string;
  readonly status: string;
  readonly facts: readonly Pair[];
  readonly flavors: readonly Pair[];
  readonly inputs: readonly PortRow[];
  readonly outputs: readonly PortRow[];
  readonly modelParams: readonly PortRow[];
  readonly metrics: readonly Pair[];
  readonly params: readonly Pair[];
  readonly tags: readonly Pair[];
}

/** An image in the file: the number of the element with its bytes, and what they are. */
export interface EmbeddedImage {
  readonly element: number;
  readonly type: string;
}

export interface ImageSeries {
  readonly key: string;
  readonly steps: readonly { readonly step: number; readonly image: EmbeddedImage }[];
}

/** An image with a file of its own. */
export interface Picture {
  readonly path: string;
  readonly image: EmbeddedImage;
}

/** A cell: a text as it is shown, or an image. */
export type ReportCell = string | EmbeddedImage;

export interface ReportTable {
  readonly path: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly ReportCell[])[];
  readonly totalRows: number;
}

/** How often which class was taken for which; a row for each true class. */
export interface ReportMatrix {
  readonly path: string;
  readonly labels: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

export interface ReportFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Something that the runs have and the report has not, or not whole. */
export interface LeftOut {
  readonly what: "run" | "curve" | "image" | "table" | "matrix" | "model" | "file" | "text";
  /** Of which run. */
  readonly runId: string;
  /** Its path or key. */
  readonly name: string;
  readonly why: string;
}
