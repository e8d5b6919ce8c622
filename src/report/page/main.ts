import { breathe, rest } from "./breathe.ts";
import type { CardContext } from "./chart-card.ts";
import { ChartList } from "./chart-list.ts";
import { ChartSettings } from "./chart-settings.ts";
import { readPayload, readSummaries } from "./data.ts";
import { element, section } from "./dom.ts";
import { datasetSection, fileSection, omissionSection } from "./fact-sections.ts";
import { overview, topBar } from "./head.ts";
import { imageSection, matrixSection, pictureSection, tableSection } from "./media-sections.ts";
import { modelSection } from "./model-section.ts";
import { metricTable, pairTable } from "./run-tables.ts";
import { watchTheme } from "./theme.ts";
import { toolbar } from "./toolbar.ts";

const BEST = "Last values, and the best ones: the smallest of a loss or an error, else the largest.";

const isOfSystem = (key: string): boolean => key.startsWith("system/");

async function start(): Promise<void> {
  // What reads the page must not wait for what fills it.
  await rest();
  watchTheme();
  const payload = readPayload();
  const settings = new ChartSettings();
  const app = document.getElementById("app") as HTMLElement;
  const main = element("main", {}, overview(payload, settings));
  app.append(main);
  await breathe();
  const summaries = await readSummaries(payload);
  const context: CardContext = { payload, summaries, settings };
  const { runs, metricKeys } = payload;
  const keys = metricKeys.map((_, index) => index);
  const ofOthers = keys.filter((key) => !isOfSystem(metricKeys[key] as string));
  // Where there is nothing else, they are what the run is about.
  const ofTraining = ofOthers.length === 0 ? keys : ofOthers;
  const ofSystem = ofOthers.length === 0 ? [] : keys.filter((key) => isOfSystem(metricKeys[key] as string));
  const titled = (id: string, title: string, content: HTMLElement | undefined) =>
    content === undefined ? undefined : section(id, title, content);
  const parts: readonly (() => HTMLElement | undefined)[] = [
    () => {
      if (ofTraining.length === 0) return undefined;
      const list = new ChartList(context, ofTraining);
      return section("curves", "Curves", toolbar(payload, settings, list), list.root);
    },
    () => {
      const table = metricTable(payload, summaries, (key) => !isOfSystem(key));
      return table && section("metrics", "Metrics", element("p", { class: "lead" }, BEST), table);
    },
    () =>
      titled(
        "params",
        "Params",
        pairTable("Params", runs, (run) => run.params),
      ),
    () => imageSection(payload),
    () => pictureSection(payload),
    () => tableSection(payload),
    () => matrixSection(payload),
    () => modelSection(payload),
    () => datasetSection(payload),
    () => {
      if (ofSystem.length === 0) return undefined;
      return section("system", "System", new ChartList(context, ofSystem).root);
    },
    () =>
      titled(
        "tags",
        "Tags",
        pairTable("Tags", runs, (run) => run.tags),
      ),
    () =>
      titled(
        "environment",
        "Environment",
        pairTable("Environment", runs, (run) => run.environment),
      ),
    () => fileSection(payload),
    () => omissionSection(payload),
  ];
  const made: HTMLElement[] = [];
  for (const make of parts) {
    await breathe();
    const part = make();
    if (part === undefined) continue;
    made.push(part);
    main.append(part);
  }
  app.prepend(topBar(payload.title, made));
  document.documentElement.dataset.ready = "";
}

void start();
