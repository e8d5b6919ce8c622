import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { docFragments } from "../../scripts/doc-examples.mjs";
import { repository } from "../support/repository.ts";

const options: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  types: ["node"],
};

/** Type-checks texts as modules that lie in the repository, with what stands before them in the documentation declared. */
function problemsOf(texts: readonly string[]): string[] {
  const files = new Map(texts.map((text, at) => [join(repository, `fragment-${at}.mts`), `${text}\nexport {};\n`]));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, ...rest) => {
    const text = files.get(path);
    return text === undefined ? getSourceFile(path, ...rest) : ts.createSourceFile(path, text, rest[0]);
  };
  const declared = join(repository, "test/support/doc-fragments.d.ts");
  const program = ts.createProgram([declared, ...files.keys()], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.text ?? ""}${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
}

describe("parts of programs in the documentation", () => {
  const fragments = docFragments();

  it("are there, and what they need is declared", () => {
    expect(fragments.length).toBeGreaterThan(5);
    expect(readFileSync(join(repository, "test/support/doc-fragments.d.ts"), "utf8")).toContain("const run:");
  });

  it("have the types they need", () => {
    expect(problemsOf(fragments.map(({ file, code }) => `// ${file}\n${code}`))).toEqual([]);
  });

  it("would be found out where they had not", () => {
    const problems = problemsOf(['run.logMetric("loss", "0.5");']);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("not assignable to parameter of type 'number'");
  });
});
