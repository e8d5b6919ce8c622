/**
 * One HTML file that shows a run or compares runs, without a network: curves, params, metrics, images, tables, models.
 *
 * @packageDocumentation
 */

export type { ReportOptions } from "./options.ts";
export type { LeftOut } from "./payload.ts";
export { type ReportedRun, type ReportResult, report } from "./report.ts";
