import { byName } from "../by-name.ts";
import type { CurvePlace } from "../payload.ts";
import { type CardContext, ChartCard } from "./chart-card.ts";
import type { Change } from "./chart-settings.ts";
import { element } from "./dom.ts";
import { count } from "./format.ts";
import { onThemeChange } from "./theme.ts";
import type { XRange } from "./x-range.ts";

/** Groups are open until so many charts are in the open ones. */
const MOST_OPEN = 36;
/** Cards made at once; more come as the end of them comes into sight. */
const CARDS_AT_ONCE = 24;
const GROUPS_AT_ONCE = 60;
/** So many charts stay drawn, in sight or not: a page of few is printed whole. */
const KEPT_DRAWN = 40;
/** How far out of sight a chart is drawn. */
const MARGIN_PX = 500;
const DRAWING_MS = 10;

/** Charts by group, made and drawn as they come into sight. */
export class ChartList {
  readonly root = element("div", { class: "charts" });
  readonly #context: CardContext;
  readonly #keys: readonly number[];
  readonly #placesByKey = new Map<number, CurvePlace[]>();
  readonly #cards = new Map<Element, ChartCard>();
  readonly #drawn = new Set<ChartCard>();
  readonly #wanted = new Set<ChartCard>();
  readonly #dirty = new Map<ChartCard, Change>();
  readonly #sight: IntersectionObserver;
  readonly #ends = new Map<Element, () => void>();
  readonly #endSight: IntersectionObserver;
  #isDrawing = false;
  #isPreparing = false;

  /** @param keys - Positions of the metrics that belong here. */
  constructor(context: CardContext, keys: readonly number[]) {
    this.#context = context;
    this.#keys = keys;
    for (const place of context.payload.curves) {
      const places = this.#placesByKey.get(place.key);
      if (places === undefined) this.#placesByKey.set(place.key, [place]);
      else places.push(place);
    }
    const margin = { rootMargin: `${MARGIN_PX}px 0px` };
    this.#sight = new IntersectionObserver((entries) => this.#onSight(entries), margin);
    this.#endSight = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) if (isIntersecting) this.#ends.get(target)?.();
    }, margin);
    context.settings.listen((change) => this.#mark(change));
    onThemeChange(() => {
      for (const card of this.#drawn) card.chart?.draw();
    });
    this.filter("");
  }

  /** The range that the drawn charts show together. */
  get view(): XRange | undefined {
    const views = [...this.#drawn].flatMap(({ chart }) => (chart === undefined ? [] : [chart.view]));
    if (views.length === 0) return undefined;
    return { min: Math.min(...views.map(({ min }) => min)), max: Math.max(...views.map(({ max }) => max)) };
  }

  /** Shows the charts whose names have all words of a text, and answers how many there are. */
  filter(text: string): number {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const { metricKeys } = this.#context.payload;
    const isFound = (key: number) => {
      const name = (metricKeys[key] as string).toLowerCase();
      return words.every((word) => name.includes(word));
    };
    const found = words.length === 0 ? this.#keys : this.#keys.filter(isFound);
    this.#clear();
    const groups = this.#grouped(found);
    let opened = 0;
    const list = groups.map(([name, keys]) => {
      const isOpen = opened < MOST_OPEN;
      opened += keys.length;
      return { name, keys, isOpen };
    });
    if (groups.length === 1) this.root.append(this.#grid(found));
    else this.#append(this.root, list, GROUPS_AT_ONCE, ({ name, keys, isOpen }) => this.#group(name, keys, isOpen));
    if (found.length === 0) this.root.append(element("p", { class: "empty" }, "No metric has this name."));
    return found.length;
  }

  /** By what stands before the last slash of their names. */
  #grouped(keys: readonly number[]): [string, number[]][] {
    const groups = new Map<string, number[]>();
    for (const key of keys) {
      const name = this.#context.payload.metricKeys[key] as string;
      const group = name.includes("/") ? name.slice(0, name.indexOf("/")) : "";
      const members = groups.get(group);
      if (members === undefined) groups.set(group, [key]);
      else members.push(key);
    }
    return [...groups].sort(([a], [b]) => byName(a, b));
  }

  #group(name: string, keys: readonly number[], isOpen: boolean): HTMLElement {
    const heading = element("h3", {}, name === "" ? "Metrics" : name, element("small", {}, String(keys.length)));
    const group = element("details", { open: isOpen }, element("summary", {}, heading));
    const fill = () => {
      if (group.open && group.children.length === 1) group.append(this.#grid(keys));
    };
    group.addEventListener("toggle", fill);
    fill();
    return group;
  }

  #grid(keys: readonly number[]): HTMLElement {
    const grid = element("div", { class: "grid", "aria-label": count(keys.length, "chart") });
    this.#append(grid, keys, CARDS_AT_ONCE, (key) => {
      const card = new ChartCard(this.#context, key, this.#placesByKey.get(key) ?? []);
      this.#cards.set(card.root, card);
      this.#sight.observe(card.root);
      return card.root;
    });
    return grid;
  }

  /** Appends some, and the next ones as the end comes into sight. */
  #append<T>(parent: HTMLElement, all: readonly T[], atOnce: number, make: (one: T) => HTMLElement): void {
    let made = 0;
    const end = element("div", { class: "end" });
    const more = () => {
      end.before(...all.slice(made, made + atOnce).map(make));
      made += atOnce;
      this.#endSight.unobserve(end);
      if (made < all.length) requestAnimationFrame(() => end.isConnected && this.#endSight.observe(end));
      else end.remove();
    };
    parent.append(end);
    this.#ends.set(end, more);
    more();
  }

  #clear(): void {
    for (const card of this.#drawn) card.hide();
    this.#sight.disconnect();
    this.#endSight.disconnect();
    for (const set of [this.#cards, this.#drawn, this.#wanted, this.#dirty, this.#ends]) set.clear();
    this.root.replaceChildren();
  }

  #onSight(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const card = this.#cards.get(target);
      if (card === undefined) continue;
      if (isIntersecting) this.#wanted.add(card);
      else {
        this.#wanted.delete(card);
        if (this.#drawn.size > KEPT_DRAWN && this.#drawn.delete(card)) card.hide();
      }
    }
    void this.#prepare();
  }

  /** One after the other: each has its work cut in slices. */
  async #prepare(): Promise<void> {
    if (this.#isPreparing) return;
    this.#isPreparing = true;
    for (let card = this.#next(); card !== undefined; card = this.#next()) {
      this.#drawn.add(card);
      await card.show();
    }
    this.#isPreparing = false;
  }

  #next(): ChartCard | undefined {
    const isNew = (card: ChartCard) => !this.#drawn.has(card);
    const wanted = [...this.#wanted].find(isNew);
    return wanted ?? (this.#drawn.size < KEPT_DRAWN ? [...this.#cards.values()].find(isNew) : undefined);
  }

  #mark(change: Change): void {
    const weight = { view: 0, style: 1, points: 2 };
    for (const card of this.#drawn) {
      const before = this.#dirty.get(card);
      if (before === undefined || weight[before] < weight[change]) this.#dirty.set(card, change);
    }
    if (!this.#isDrawing) void this.#draw();
  }

  /** Those in sight first, as many in a frame as it has time for. */
  async #draw(): Promise<void> {
    this.#isDrawing = true;
    while (this.#dirty.size > 0) {
      await new Promise(requestAnimationFrame);
      const started = performance.now();
      while (this.#dirty.size > 0 && performance.now() - started < DRAWING_MS) {
        const cards = [...this.#dirty.keys()];
        const card = cards.find((one) => this.#wanted.has(one)) ?? (cards[0] as ChartCard);
        const change = this.#dirty.get(card) as Change;
        this.#dirty.delete(card);
        await card.update(change);
      }
    }
    this.#isDrawing = false;
  }
}
