import { readFileSync } from "node:fs";

/**
 * An entry of the package: `./fs` is the folder `src/fs` with its `index.ts`.
 *
 * @typedef {object} Entry
 * @property {string} key as in `exports`: `.` or `./fs`
 * @property {string} source path from the repository: `src/fs/index.ts`
 * @property {string} output path below `dist` without a suffix: `fs/index`
 * @property {number} maxKiB the most that importing the entry may load of the package's own code
 */

/**
 * The package's entries, from `entries.json`: the one list that the build, the exports map, the reference docs and the
 * package tests are made from.
 *
 * @type {readonly Entry[]}
 */
export const entries = Object.entries(
  JSON.parse(readFileSync(new URL("../entries.json", import.meta.url), "utf8")),
).map(([key, { maxKiB }]) => {
  const output = key === "." ? "index" : `${key.slice("./".length)}/index`;
  return { key, source: `src/${output}.ts`, output, maxKiB };
});

/** The `exports` of package.json: types apart for each module system, because `.d.ts` and `.d.cts` describe different files. */
export const exportsMap = {
  ...Object.fromEntries(
    entries.map(({ key, output }) => [
      key,
      {
        import: { types: `./dist/${output}.d.ts`, default: `./dist/${output}.js` },
        require: { types: `./dist/${output}.d.cts`, default: `./dist/${output}.cjs` },
      },
    ]),
  ),
  "./package.json": "./package.json",
};
