import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadedMlPackages, packagesTag } from "../../../src/tracking/environment/packages.ts";

const { argv } = process;
const home = process.cwd();
let directory: string;

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "tidemark-packages-")));
  process.argv = ["node", join(directory, "src", "train.js")];
});

afterEach(() => {
  process.chdir(home);
  process.argv = argv;
  rmSync(directory, { recursive: true, force: true });
});

function write(path: string, content: object | string): void {
  const target = join(directory, path);
  mkdirSync(join(target, ".."), { recursive: true });
  writeFileSync(target, typeof content === "string" ? content : JSON.stringify(content));
}

const install = (name: string, version: string, below = "node_modules") =>
  write(join(below, name, "package.json"), { name, version });
const load = (path: string) => createRequire(import.meta.url)(join(directory, path));

describe("packages installed beside the program", () => {
  it("count when the program's package.json lists them", () => {
    write("package.json", {
      dependencies: { openai: "*", express: "*" },
      devDependencies: { "@huggingface/transformers": "*" },
    });
    install("openai", "5.1.0");
    install("express", "4.0.0");
    install("@huggingface/transformers", "3.7.0");
    install("ollama", "0.5.0");
    expect(loadedMlPackages()).toEqual({ "@huggingface/transformers": "3.7.0", openai: "5.1.0" });
    expect(packagesTag()).toBe('{"@huggingface/transformers":"3.7.0","openai":"5.1.0"}');
  });

  it("are found in the directories above, as an import would find them", () => {
    write("package.json", { dependencies: { openai: "*", "brain.js": "*", ml5: "*" } });
    install("openai", "4.0.0");
    install("openai", "5.0.0", join("src", "node_modules"));
    install("brain.js", "2.0.0");
    expect(loadedMlPackages()).toEqual({ "brain.js": "2.0.0", openai: "5.0.0" });
  });

  it("are those of the current directory when a tool runs the program", () => {
    write("package.json", { dependencies: { openai: "*" } });
    install("openai", "4.0.0");
    process.chdir(directory);
    process.argv = ["node", join(home, "node_modules", "tool", "cli.js")];
    expect(loadedMlPackages()).toEqual({ openai: "4.0.0" });
    process.argv = ["node"];
    expect(loadedMlPackages()).toEqual({ openai: "4.0.0" });
  });

  it("have tidemark among them, listed or not", () => {
    install("tidemark", "9.9.9");
    expect(loadedMlPackages()).toEqual({ tidemark: "9.9.9" });
  });

  it("have the program itself among them", () => {
    write("package.json", { name: "tidemark", version: "1.2.3" });
    expect(loadedMlPackages()).toEqual({ tidemark: "1.2.3" });
  });

  it("may be none, also with a damaged package.json", () => {
    expect(packagesTag()).toBeUndefined();
    write("package.json", "{");
    expect(packagesTag()).toBeUndefined();
    write("package.json", { dependencies: "openai", devDependencies: null });
    expect(packagesTag()).toBeUndefined();
  });
});

describe("packages that are loaded", () => {
  it("count as soon as a CommonJS module of them is, and win over another version beside the program", () => {
    const store = join("node_modules", ".pnpm", "onnxruntime-node@1.20.0", "node_modules");
    install("onnxruntime-node", "1.20.0", store);
    write(join(store, "onnxruntime-node", "dist", "index.js"), "module.exports = 1;");
    install("express", "4.0.0");
    write(join("node_modules", "express", "index.js"), "module.exports = 1;");
    write("package.json", { dependencies: { "onnxruntime-node": "*" } });
    install("onnxruntime-node", "1.19.0");
    expect(loadedMlPackages()).toEqual({ "onnxruntime-node": "1.19.0" });
    load(join(store, "onnxruntime-node", "dist", "index.js"));
    load(join("node_modules", "express", "index.js"));
    expect(loadedMlPackages()).toEqual({ "onnxruntime-node": "1.20.0" });
  });

  it("count from Deno's cache", () => {
    const cached = join("npm", "registry.npmjs.org", "@xenova", "transformers", "2.17.2");
    write(join(cached, "index.cjs"), "module.exports = 1;");
    load(join(cached, "index.cjs"));
    expect(loadedMlPackages()).toMatchObject({ "@xenova/transformers": "2.17.2" });
  });

  it("have TensorFlow.js and its parts among them after an import", async () => {
    expect(loadedMlPackages()).not.toHaveProperty(["@tensorflow/tfjs"]);
    await import("@tensorflow/tfjs");
    const { version } = JSON.parse(readFileSync(join(home, "node_modules/@tensorflow/tfjs/package.json"), "utf8"));
    expect(loadedMlPackages()).toMatchObject({ "@tensorflow/tfjs": version, "@tensorflow/tfjs-core": version });
  });
});
