import { bytesText } from "../base/amounts.ts";
import { readEnv } from "../base/env.ts";
import { isoTime } from "../base/iso-time.ts";
import { DEFAULT_TRACKING_URI } from "../connect/connect.ts";
import { type GcResult, gc } from "../sync/gc/gc.ts";
import type { GcItem } from "../sync/gc/gc-options.ts";
import { remark, type Session } from "./session.ts";
import { type Cell, type Column, printTable } from "./table.ts";
import { safeText } from "./text.ts";
import { relativeTime } from "./times.ts";

export interface GcCommandOptions {
  readonly place?: string;
  readonly olderThan?: number;
  readonly yes?: true;
  readonly spools?: true;
  readonly registry?: readonly string[];
}

const SOMETHING_FAILED = 1;

const COLUMNS: readonly Column[] = [
  { header: "what" },
  { header: "id", isWhole: true },
  { header: "name" },
  { header: "since" },
  { header: "size", align: "right" },
  { header: "becomes" },
];

/** `tidemark gc` */
export async function collectGarbage(session: Session, options: GcCommandOptions): Promise<number> {
  const { out, json } = session;
  const { place, olderThan, yes = false, spools = false, registry } = options;
  const registryUri = readEnv("MLFLOW_REGISTRY_URI");
  const result = await gc({
    store: place ?? session.uri ?? readEnv("MLFLOW_TRACKING_URI") ?? DEFAULT_TRACKING_URI,
    dryRun: !yes,
    spools,
    registries: [...(registry ?? (registryUri === undefined ? [] : [registryUri]))],
    ...(olderThan === undefined ? {} : { olderThanMs: olderThan }),
  });
  if (json) out.json(forPrograms(result));
  else tell(session, result);
  return result.failed.length > 0 ? SOMETHING_FAILED : 0;
}

function tell(session: Session, { dryRun, purged, kept, failed }: GcResult): void {
  const { out } = session;
  const now = Date.now();
  const row = (item: GcItem, fate: Cell): Cell[] => [
    { text: item.kind },
    { text: safeText(item.id), style: "yellow" },
    { text: safeText(item.name ?? "") },
    { text: out.isTerminal ? relativeTime(item.since, now) : isoTime(item.since) },
    { text: item.bytes === undefined ? "" : out.isTerminal ? bytesText(item.bytes) : String(item.bytes) },
    fate,
  ];
  const rows = [
    ...purged.map((item) => row(item, { text: fateOf(item, dryRun), style: "red" })),
    ...kept.map((item) => row(item, { text: `kept: ${safeText(item.reason)}` })),
    ...failed.map((item) => row(item, { text: `failed: ${safeText(item.error.message)}`, style: "red" })),
  ];
  if (rows.length > 0) printTable(out, COLUMNS, rows);
  if (rows.length === 0) remark(session, "there is nothing to delete for good");
  else if (dryRun) remark(session, "nothing was changed: this was a dry run, --yes deletes for good");
}

function fateOf({ artifactsElsewhere }: GcItem, dryRun: boolean): string {
  const fate = dryRun ? "would be deleted" : "deleted";
  return artifactsElsewhere === undefined ? fate : `${fate}; files stay at ${safeText(artifactsElsewhere)}`;
}

const forPrograms = ({ failed, ...result }: GcResult) => ({
  ...result,
  failed: failed.map(({ error, ...item }) => ({ ...item, error: { code: error.code, message: error.message } })),
});
