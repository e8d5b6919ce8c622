import { bytesText } from "../base/amounts.ts";
import type { ArtifactInfo } from "../contract/artifact-store.ts";
import type { Client } from "../tracking/client.ts";
import type { Output } from "./output.ts";
import { tableSection } from "./sections.ts";
import type { Cell } from "./table.ts";
import { safeText } from "./text.ts";

/** More files than anybody reads, and more requests than a server should get for one look at a run. */
const MOST_ENTRIES = 1_000;

/** What is below a run's artifacts. */
export interface ArtifactTree {
  /** Every directory before what is in it. */
  readonly entries: readonly ArtifactInfo[];
  /** False where there is more than anybody reads. */
  readonly isWhole: boolean;
}

/** Lists a run's artifacts with those in directories. */
export async function listArtifactTree(client: Client, runId: string): Promise<ArtifactTree> {
  const entries: ArtifactInfo[] = [];
  const visit = async (path: string | undefined): Promise<boolean> => {
    for (const entry of await client.artifacts.list(path === undefined ? { runId } : { runId, path })) {
      if (entries.length >= MOST_ENTRIES) return false;
      entries.push(entry);
      if (entry.isDirectory && !(await visit(entry.path))) return false;
    }
    return true;
  };
  const isWhole = await visit(undefined);
  return { entries, isWhole };
}

/** The tree as indented names with sizes, under a heading. */
export function artifactSection(out: Output, { entries, isWhole }: ArtifactTree): string[] {
  const rows = entries.map(({ path, isDirectory, sizeBytes }): Cell[] => {
    const segments = path.split("/");
    const name = safeText(segments.at(-1) ?? "");
    const indent = "  ".repeat(segments.length - 1);
    return [
      { text: `${indent}${name}${isDirectory ? "/" : ""}`, style: isDirectory ? "blue" : undefined },
      { text: sizeBytes === undefined ? "" : bytesText(sizeBytes), style: "dim" },
    ];
  });
  if (!isWhole) rows.push([{ text: `… and more than these ${entries.length}` }]);
  return tableSection(out, "Artifacts", [{ header: "" }, { header: "", align: "right" }], rows);
}
