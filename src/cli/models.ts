import { isoTime } from "../base/iso-time.ts";
import type { ModelVersion, RegisteredModel } from "../schema/model-version.ts";
import type { Client } from "../tracking/client.ts";
import type { Output } from "./output.ts";
import { type SearchOptions, searchQuery, takeFirst } from "./search.ts";
import { pairLines, pairSection, tableSection } from "./sections.ts";
import { remark, type Session, withClient } from "./session.ts";
import { type Cell, printTable } from "./table.ts";
import { safeText } from "./text.ts";
import { relativeTime } from "./times.ts";

const MODEL_COLUMNS = ["name", "aliases", "updated", "description"].map((header) => ({ header }));
const VERSION_COLUMNS = ["version", "aliases", "stage", "status", "created", "run", "source"].map((header) => ({
  header,
}));

/** `tidemark models list` */
export async function listModels(session: Session, options: SearchOptions): Promise<undefined> {
  const { out, json } = session;
  await withClient(session, async (client) => {
    const { items, hasMore } = await takeFirst(client.registry.searchModels(searchQuery(options)), options.limit);
    if (json) return out.json(items);
    if (items.length === 0) return remark(session, `no registered models in ${safeText(client.uri)}`);
    const row = ({ name, aliases, lastUpdateTime, description }: RegisteredModel): Cell[] => [
      { text: safeText(name), style: "yellow" },
      { text: safeText(aliasText(aliases)) },
      { text: timeText(out, lastUpdateTime) },
      { text: safeText(description ?? "") },
    ];
    printTable(out, MODEL_COLUMNS, items.map(row));
    if (hasMore) remark(session, `there are more: --limit ${options.limit} was reached`);
  });
  return undefined;
}

/** `tidemark models show` */
export async function showModel(session: Session, { name }: { name: string }): Promise<undefined> {
  const { out, json } = session;
  await withClient(session, async (client) => {
    const model = await client.registry.getModel(name);
    const versions = await versionsOf(client, name);
    if (json) out.json({ ...model, versions });
    else out.lines(modelLines(out, model, versions));
  });
  return undefined;
}

/** All versions of a model, the newest first. */
async function versionsOf(client: Client, name: string): Promise<ModelVersion[]> {
  // Nothing escapes a quote in the grammar.
  const quote = name.includes("'") ? '"' : "'";
  const versions: ModelVersion[] = [];
  for await (const version of client.registry.searchVersions({ filter: `name = ${quote}${name}${quote}` })) {
    versions.push(version);
  }
  return versions.sort((a, b) => b.version - a.version);
}

function modelLines(out: Output, model: RegisteredModel, versions: readonly ModelVersion[]): string[] {
  const facts: [string, string][] = [
    ["created", timeText(out, model.creationTime)],
    ["updated", timeText(out, model.lastUpdateTime)],
    ["aliases", aliasText(model.aliases)],
    ["description", model.description ?? ""],
  ];
  const row = (version: ModelVersion): Cell[] =>
    [
      String(version.version),
      version.aliases.join(" "),
      version.stage,
      version.status,
      timeText(out, version.creationTime),
      version.runId ?? "",
      version.source,
    ].map((text) => ({ text: safeText(text) }));
  return [
    out.style("bold", safeText(model.name)),
    ...pairLines(
      out,
      facts.filter(([, text]) => text !== ""),
    ),
    ...pairSection(out, "Tags", Object.entries(model.tags)),
    ...tableSection(out, "Versions", VERSION_COLUMNS, versions.map(row)),
  ];
}

const aliasText = (aliases: Readonly<Record<string, number>>): string =>
  Object.entries(aliases)
    .map(([alias, version]) => `${alias}=${version}`)
    .join(" ");

const timeText = (out: Output, timeMs: number): string =>
  out.isTerminal ? relativeTime(timeMs, Date.now()) : isoTime(timeMs);
