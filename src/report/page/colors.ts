/** What canvases are drawn with; all else is in the style sheet. */
export interface ChartColors {
  readonly text: string;
  readonly grid: string;
  readonly background: string;
  /** Of runs: told apart by people who see red and green alike, and as dark or light as they must be to be seen. */
  readonly lines: readonly string[];
}

export const LIGHT: ChartColors = {
  text: "#5b6472",
  grid: "#e9ecf0",
  background: "#ffffff",
  lines: ["#0067b8", "#d27e05", "#8c2169", "#039fbb", "#0b411d", "#d83c6b", "#71640a", "#3f078a"],
};

export const DARK: ChartColors = {
  text: "#9aa4b2",
  grid: "#262c35",
  background: "#14181e",
  lines: ["#58a9f0", "#f39211", "#b93297", "#a2ebfe", "#0acf9b", "#d33f0c", "#f8ea30", "#5564e9"],
};

/** Runs beyond the colours have them once more, with lines of another kind. */
export const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3]];

/** How the line of a run is dashed, in pixels. */
export const dashOf = (run: number): readonly number[] =>
  DASHES[Math.floor(run / LIGHT.lines.length) % DASHES.length] ?? [];
