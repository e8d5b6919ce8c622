import { posix } from "node:path";
import { type ModuleFacts, packageOf, parseModule } from "./modules.ts";

/** The suite that every backend passes is a part of the package: people who write a backend run it. Only their entry brings it in. */
const SUITE = "test/contract";

/**
 * The rows of docs/architecture.md. A folder imports only from rows before its own; folders in one row never import each
 * other.
 */
const ROWS: readonly (readonly string[])[] = [
  ["base"],
  ["schema"],
  ["contract", "search", "net", "disk", "onnx-file"],
  ["queue", "mlmodel", SUITE],
  ["tracking", "fs", "http", "s3", "memory", "onnx-export"],
  ["connect"],
  ["fluent"],
  ["registry"],
  ["models"],
  ["tfjs", "onnxruntime", "sync", "report"],
  ["cli", "backend"],
];

const ROOT_INDEX = "index.ts";

/** Programs for browsers, with the packages that are bundled into them (scripts/report-page.mjs). Nothing else imports them. */
const BUNDLED: Readonly<Record<string, readonly string[]>> = { "report/page": ["uplot"] };

/** What the rules need beside the sources. */
export interface Package {
  /** Folders in `src/` that are keys of `exports`. */
  readonly entryFolders: readonly string[];
  /** `dependencies` of package.json. */
  readonly dependencies: readonly string[];
}

/** Everything in `src/` and of the suite (path from `src/` to text) that breaks a rule, one sentence each. */
export function layerProblems(sources: ReadonlyMap<string, string>, { entryFolders, dependencies }: Package): string[] {
  const modules = new Map([...sources].map(([path, text]) => [path, parseModule(path, text)]));
  return [
    ...[...modules].flatMap(([path, facts]) => [
      ...shapeProblems(path, facts, entryFolders),
      ...facts.imports.flatMap(({ specifier, kind }) =>
        packageOf(specifier) === undefined
          ? arrowProblems(path, specifier, modules)
          : packageProblems(path, specifier, kind === "type", dependencies),
      ),
    ]),
    ...unusedDependencies(modules, dependencies),
    ...cycles(modules),
  ];
}

function shapeProblems(path: string, facts: ModuleFacts, entryFolders: readonly string[]): string[] {
  const problems: string[] = [];
  if (path !== ROOT_INDEX && rowOf(folderOf(path)) < 0) problems.push(`${path}: its folder is in no row`);
  if (facts.hasDefaultExport) problems.push(`${path}: has a default export`);
  if (posix.basename(path) === "index.ts") {
    const isEntry = path === ROOT_INDEX || entryFolders.includes(posix.dirname(path));
    if (!isEntry) problems.push(`${path}: an index in a folder that is no entry of the package`);
    if (!facts.onlyReExports) problems.push(`${path}: an index that does more than re-export`);
  }
  return problems;
}

function arrowProblems(from: string, specifier: string, modules: ReadonlyMap<string, ModuleFacts>): string[] {
  if (specifier.startsWith("node:")) return [];
  const to = resolve(from, specifier);
  if (!specifier.endsWith(".ts")) return [`${from}: imports ${specifier} without its .ts`];
  if (!modules.has(to)) return [`${from}: imports ${specifier}, which is not there`];
  if (folderOf(to) === SUITE && ![SUITE, "backend"].includes(folderOf(from)))
    return [`${from}: imports the contract suite`];
  if (to === ROOT_INDEX) return [`${from}: imports the package's root, which nothing inside may`];
  const program = posix.dirname(to);
  if (program in BUNDLED && posix.dirname(from) !== program) return [`${from}: imports a program for browsers`];
  const [source, target] = [folderOf(from), folderOf(to)];
  if (from === ROOT_INDEX || source === target || rowOf(target) < rowOf(source)) return [];
  return [`${from}: ${source}/ may not import ${target}/ (${specifier})`];
}

function packageProblems(
  from: string,
  specifier: string,
  typeOnly: boolean,
  dependencies: readonly string[],
): string[] {
  const name = packageOf(specifier) ?? "";
  // Types of a package that the user brings (tfjs, onnxruntime) come from a development dependency.
  if (typeOnly || dependencies.includes(name) || BUNDLED[posix.dirname(from)]?.includes(name)) return [];
  return [`${from}: imports ${specifier}, which is not in "dependencies"; what Node brings is named node:…`];
}

function unusedDependencies(modules: ReadonlyMap<string, ModuleFacts>, dependencies: readonly string[]): string[] {
  const used = new Set([...modules.values()].flatMap(({ imports }) => imports.map((i) => packageOf(i.specifier))));
  return dependencies.filter((name) => !used.has(name)).map((name) => `package.json: nothing imports ${name}`);
}

/** Type imports included: files that know each other's types can only be read together. */
function cycles(modules: ReadonlyMap<string, ModuleFacts>): string[] {
  const problems: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) problems.push(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(" -> ")}`);
    if (trail.includes(path) || done.has(path)) return;
    for (const { specifier } of modules.get(path)?.imports ?? []) {
      const to = resolve(path, specifier);
      if (modules.has(to)) visit(to, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of modules.keys()) visit(path, []);
  return problems;
}

function resolve(from: string, specifier: string): string {
  return specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier).replace(/^\.\.\/src\//, "") : specifier;
}

function folderOf(path: string): string {
  return path.startsWith(`../${SUITE}/`) ? SUITE : (path.split("/")[0] as string);
}

function rowOf(folder: string): number {
  return ROWS.findIndex((row) => row.includes(folder));
}
