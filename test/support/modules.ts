import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** One arrow from a module to another. */
export interface Import {
  readonly specifier: string;
  readonly kind: "static" | "dynamic" | "require" | "type";
}

/** What a module says about itself, as far as rules on modules ask. */
export interface ModuleFacts {
  readonly imports: readonly Import[];
  readonly hasDefaultExport: boolean;
  /** Nothing but `export … from "…"`. */
  readonly onlyReExports: boolean;
  readonly lines: number;
}

/** Reads one module with TypeScript's parser: a pattern would stumble over strings, comments and types. */
export function parseModule(path: string, text: string): ModuleFacts {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  const visit = (node: ts.Node): void => {
    const found = importAt(node);
    if (found !== undefined) imports.push(found);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return {
    imports,
    hasDefaultExport: source.statements.some(isDefaultExport),
    onlyReExports: source.statements.every(
      (node) => ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined,
    ),
    lines: text.split("\n").length - 1,
  };
}

function importAt(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node)) return found(node.moduleSpecifier, isTypeOnly(node) ? "type" : "static");
  if (ts.isExportDeclaration(node)) return found(node.moduleSpecifier, node.isTypeOnly ? "type" : "static");
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return found(node.argument.literal, "type");
  if (ts.isExternalModuleReference(node)) return found(node.expression, "require");
  if (ts.isCallExpression(node)) {
    if (node.expression.kind === ts.SyntaxKind.ImportKeyword) return found(node.arguments[0], "dynamic");
    if (ts.isIdentifier(node.expression) && node.expression.text === "require")
      return found(node.arguments[0], "require");
  }
  return undefined;
}

function found(specifier: ts.Node | undefined, kind: Import["kind"]): Import | undefined {
  return specifier !== undefined && ts.isStringLiteralLike(specifier) ? { specifier: specifier.text, kind } : undefined;
}

// Only the whole declaration counts: with verbatimModuleSyntax `import { type A }` still loads the module.
function isTypeOnly(node: ts.ImportDeclaration): boolean {
  return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

function isDefaultExport(node: ts.Statement): boolean {
  if (ts.isExportAssignment(node)) return true;
  if (ts.isExportDeclaration(node) && node.exportClause !== undefined && ts.isNamedExports(node.exportClause)) {
    return node.exportClause.elements.some((element) => element.name.text === "default");
  }
  return (
    ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((m) => m.kind === ts.SyntaxKind.DefaultKeyword)
  );
}

/** All files below a folder with one of the suffixes, as paths relative to it with forward slashes, and their text. */
export function readTree(folder: string, ...suffixes: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && suffixes.some((suffix) => entry.name.endsWith(suffix)))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length).replaceAll("\\", "/").replace(/^\//, ""), readFileSync(path, "utf8")]),
  );
}

/** The package that a bare specifier names; `undefined` for files and for what the runtime brings. */
export function packageOf(specifier: string): string | undefined {
  if (/^(\.|\/|node:)/.test(specifier)) return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
