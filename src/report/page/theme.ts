/** What canvases are drawn with; all else is in the style sheet. */
export interface ChartColors {
  readonly text: string;
  readonly grid: string;
  readonly background: string;
  /** Of runs: told apart by people who see red and green alike, and as dark or light as text must be to be seen. */
  readonly lines: readonly string[];
}

export const LIGHT: ChartColors = {
  text: "#5b6472",
  grid: "#e9ecf0",
  background: "#ffffff",
  lines: ["#0067b8", "#c84a00", "#00805a", "#a83c8c", "#7a6200", "#3d3d9e", "#5f6b7a", "#8c2f2f"],
};

export const DARK: ChartColors = {
  text: "#9aa4b2",
  grid: "#262c35",
  background: "#14181e",
  lines: ["#58a9f0", "#f2854a", "#34c99a", "#e58bd0", "#d9bd4c", "#a3a4f5", "#b5bfcc", "#e07a7a"],
};

/** Runs beyond the colours have them once more, with lines of another kind. */
export const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3]];

const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
let chosen: "light" | "dark" | undefined;

export const isDark = (): boolean => (chosen ?? (prefersDark.matches ? "dark" : "light")) === "dark";
export const chartColors = (): ChartColors => (isDark() ? DARK : LIGHT);

export function chooseTheme(theme: "light" | "dark" | undefined): void {
  chosen = theme;
  if (theme === undefined) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

export function onThemeChange(listener: () => void): void {
  listeners.add(listener);
}

export function watchTheme(): void {
  prefersDark.addEventListener("change", () => chooseTheme(chosen));
  // Paper is white. Drawing is done at once, so that what is printed has the new colours.
  let before: typeof chosen;
  window.addEventListener("beforeprint", () => {
    before = chosen;
    chooseTheme("light");
  });
  window.addEventListener("afterprint", () => chooseTheme(before));
}
