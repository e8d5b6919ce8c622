import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { redact, setLogger } from "../base/diagnostics.ts";
import { readEnv, readEnvFlag } from "../base/env.ts";
import { messageOf } from "../base/errors.ts";
import { pathOfFileUri, schemeOf } from "../base/file-uri.ts";
import { detectRuntime, isDisabled } from "../base/platform.ts";
import { DEFAULT_TRACKING_URI } from "../connect/connect.ts";
import { listSpool } from "../queue/spool/spool.ts";
import { defaultSpoolDirectory } from "../queue/spool/spool-location.ts";
import type { Client } from "../tracking/client.ts";
import { allExperiments } from "./experiments-of.ts";
import { optionalPackages } from "./optional-packages.ts";
import type { Output, Style } from "./output.ts";
import { ownVersion } from "./own-version.ts";
import { withProgress } from "./progress.ts";
import { type Session, withClient } from "./session.ts";
import { safeText } from "./text.ts";

/** One thing that was looked at. Only what is `wrong` makes the command fail. */
export interface Finding {
  readonly level: "ok" | "note" | "wrong";
  readonly subject: string;
  readonly text: string;
}

const FOUND_WRONG = 1;
const STYLES: Readonly<Record<Finding["level"], Style>> = { ok: "green", note: "yellow", wrong: "red" };

/** What `tidemark doctor` takes. */
export interface DoctorOptions {
  /** Let many writers race for one object of a bucket. */
  readonly race?: boolean;
}

/** `tidemark doctor` */
export async function runDoctor(session: Session, { race = false }: DoctorOptions = {}): Promise<number> {
  const { out, json } = session;
  const findings = [
    ...environmentFindings(),
    whereFinding(session.uri),
    ...spoolFindings(),
    ...(await storeFindings(session)),
    ...(race ? await raceFindings(session.uri) : []),
  ];
  if (json) out.json(findings);
  else out.lines(findings.map((finding) => findingLine(out, finding)));
  return findings.some(({ level }) => level === "wrong") ? FOUND_WRONG : 0;
}

function findingLine(out: Output, { level, subject, text }: Finding): string {
  return `${out.style(STYLES[level], level.padEnd(5))}  ${subject.padEnd(10)}  ${safeText(text)}`;
}

function environmentFindings(): Finding[] {
  const { name, version } = detectRuntime();
  const packages = optionalPackages().map((found) => `${found.name} ${found.version}`);
  const findings: Finding[] = [
    { level: "ok", subject: "versions", text: `tidemark ${ownVersion()}, ${name} ${version}` },
    { level: "ok", subject: "packages", text: packages.length === 0 ? "no optional package" : packages.join(", ") },
  ];
  if (isDisabled())
    findings.push({ level: "note", subject: "variables", text: "TIDEMARK_DISABLED: runs keep nothing" });
  return findings;
}

const placeOf = (option: string | undefined): string =>
  option ?? readEnv("MLFLOW_TRACKING_URI") ?? DEFAULT_TRACKING_URI;

/** Where runs go, and which option or variable decides it. */
function whereFinding(option: string | undefined): Finding {
  const variable = readEnv("MLFLOW_TRACKING_URI");
  const where = placeOf(option);
  const reason =
    option !== undefined
      ? "by the option --uri"
      : variable !== undefined
        ? "by the variable MLFLOW_TRACKING_URI"
        : "the default: neither --uri nor MLFLOW_TRACKING_URI is set";
  return { level: "ok", subject: "runs go to", text: `${redact(where)} (${reason})` };
}

async function storeFindings(session: Session): Promise<Finding[]> {
  try {
    return await withClient(session, async (client) => [
      ...(await serverFindings(client)),
      ...(await contentFindings(session, client)),
      ...(schemeOf(client.uri) === "file" ? pythonFindings(pathOfFileUri(client.uri)) : []),
    ]);
  } catch (error) {
    return [{ level: "wrong", subject: "backend", text: redact(messageOf(error)) }];
  }
}

/** Whether somebody answers, and who. */
async function serverFindings({ uri, backend }: Client): Promise<Finding[]> {
  const version = await backend.version?.();
  return version === undefined ? [] : [{ level: "ok", subject: "server", text: `${uri} is ${version}` }];
}

/** Whether a bucket keeps conditions when many write at once, as a store needs it. */
async function raceFindings(option: string | undefined): Promise<Finding[]> {
  const uri = placeOf(option);
  const subject = "race";
  if (schemeOf(uri) !== "s3") return [{ level: "note", subject, text: "only writers of a bucket (s3:) race" }];
  try {
    const { raceConditions } = await import("../s3/store/race.ts");
    const { writers, creators, changers } = await raceConditions(uri);
    const isHonest = creators === 1 && changers === 1;
    const text = `of ${writers} writers at once, ${creators} created one object, and ${changers} changed one state of it`;
    const advice = isHonest ? "" : ": only 1 may, so what several programs write at once is lost there";
    return [{ level: isHonest ? "ok" : "wrong", subject, text: text + advice }];
  } catch (error) {
    return [{ level: "wrong", subject, text: redact(messageOf(error)) }];
  }
}

/** What waits on this disk for servers: left by programs that have ended, or of runs that go on. */
function spoolFindings(): Finding[] {
  const root = defaultSpoolDirectory();
  try {
    return listSpool(root).map(({ header, isOwned, entries, files }): Finding => {
      const what = `${header.name} (${header.localRunId}) for ${redact(header.backend)}: ${entries} entries, ${files} files`;
      return isOwned
        ? { level: "ok", subject: "spool", text: `${what}, of a program that goes on` }
        : { level: "note", subject: "spool", text: `${what}; \`tidemark spool replay\` brings it there` };
    });
  } catch (error) {
    return [{ level: "wrong", subject: "spool", text: `${root}: ${redact(messageOf(error))}` }];
  }
}

/** Reads everything and tells what is there, and what could not be read. */
async function contentFindings(session: Session, client: Client): Promise<Finding[]> {
  const warnings: string[] = [];
  const ignore = () => {};
  setLogger({ debug: ignore, info: ignore, warn: (message) => warnings.push(message) });
  const experimentIds = (await allExperiments(client, "all")).map(({ id }) => id);
  const runs = await readRuns(client, experimentIds);
  // What lies on this disk is read to the last line; a server answers for its own data.
  if (schemeOf(client.uri) === "file") await readHistories(session, client, runs);
  const counts = `experiments: ${experimentIds.length}, runs: ${runs.length}`;
  return [
    { level: "ok", subject: "backend", text: `${client.uri} holds ${counts}` },
    ...warnings.map((text): Finding => ({ level: "wrong", subject: "damage", text: text.replace(/^tidemark: /, "") })),
  ];
}

interface RunMetrics {
  readonly id: string;
  readonly keys: readonly string[];
}

async function readRuns(client: Client, experimentIds: string[]): Promise<RunMetrics[]> {
  const runs: RunMetrics[] = [];
  if (experimentIds.length === 0) return runs;
  for await (const { id, metrics } of client.runs.search({ experimentIds, viewType: "all" })) {
    runs.push({ id, keys: Object.keys(metrics) });
  }
  return runs;
}

async function readHistories(session: Session, client: Client, runs: readonly RunMetrics[]): Promise<void> {
  await withProgress(session, "reading runs", runs.length, async (advance) => {
    for (const { id, keys } of runs) {
      for (const key of keys) await client.runs.metricHistory(id, key);
      advance();
    }
  });
}

/** What makes Python MLflow stop with an error, or look elsewhere, when it is started beside the directory. */
function pythonFindings(directory: string): Finding[] {
  const findings: Finding[] = [];
  const note = (text: string) => findings.push({ level: "note", subject: "python", text });
  const database = join(dirname(directory), "mlflow.db");
  if (existsSync(database)) note(`${database} lies beside ${directory}: Python MLflow shows only one of them`);
  const isFound = existsSync(directory) && readdirSync(directory).some((name) => /^\d+$/.test(name));
  if (isFound && !readEnvFlag("MLFLOW_ALLOW_FILE_STORE")) {
    note(`MLflow 3.13 and later refuses ${directory} unless MLFLOW_ALLOW_FILE_STORE=true is set`);
  }
  return findings;
}
