import { type ChartColors, DARK, LIGHT } from "./colors.ts";

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
