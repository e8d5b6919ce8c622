import { describe, expect, it } from "vitest";
import { type ModelUri, parseModelUri } from "../../../src/registry/model-uri.ts";

describe("parseModelUri", () => {
  const run = "0123456789abcdef0123456789abcdef";
  it.each<[string, ModelUri]>([
    [`runs:/${run}/model`, { kind: "run", runId: run, path: "model" }],
    [`runs:/${run}/a/b c/d%20e/`, { kind: "run", runId: run, path: "a/b c/d%20e" }],
    [`runs:///${run}/model`, { kind: "run", runId: run, path: "model" }],
    [`runs:/${run}`, { kind: "run", runId: run }],
    ["models:/digits/3", { kind: "version", name: "digits", version: 3 }],
    ["MODELS:///digits/003", { kind: "version", name: "digits", version: 3 }],
    ["models:/数字 a%20b@x/3", { kind: "version", name: "数字 a%20b@x", version: 3 }],
    ["models:/digits/Latest", { kind: "latest", name: "digits" }],
    ["models:/digits/production", { kind: "stage", name: "digits", stage: "Production" }],
    ["models:/digits/none", { kind: "stage", name: "digits", stage: "None" }],
    ["models:/digits@champion", { kind: "alias", name: "digits", alias: "champion" }],
    ["models:/a@b@c", { kind: "alias", name: "a@b", alias: "c" }],
    ["models:/m-0123", { kind: "logged-model", modelId: "m-0123" }],
    ...[
      "model",
      "./model",
      "/tmp/model",
      "C:\\models\\digits",
      "c:/models/digits/3",
      "models/digits/3",
      "file:///tmp/model",
      "s3://bucket/model",
      "mlflow-artifacts:/0/models/m-1/artifacts",
      "http://host:5000/api/2.0/mlflow-artifacts/artifacts/0/model",
      "gs://bucket/model",
    ].map((location): [string, ModelUri] => [location, { kind: "location", location }]),
  ])("reads %s", (uri, parsed) => {
    expect(parseModelUri(uri)).toEqual(parsed);
  });

  it.each([
    ["", "a path, a URI"],
    [" ", "a path, a URI"],
    [3 as unknown as string, "a path, a URI"],
    ["runs:/", "runs:/<run id>/<path>"],
    ["runs://profile@databricks/x/model", "names a host"],
    ["runs:/../../etc/passwd", "has no run id"],
    [`runs:/${run}/../other`, 'has a ".." segment'],
    [`runs:/${run}/a//b`, "has an empty segment"],
    [`runs:/${run}//a`, "is absolute"],
    [`runs:${run}/a`, "no slash"],
    ["models:/", "too few or too many parts"],
    ["models:digits/1", "no slash"],
    ["models:/digits/", "too few or too many parts"],
    ["models:/digits/1/MLmodel", "too few or too many parts"],
    ["models:/digits/0", "no version from 1 on"],
    ["models:/digits/99999999999999999999", "no version from 1 on"],
    ["models:/digits/newest", "models:/<name>/<stage>"],
    ["models:/@champion", "no name or no alias"],
    ["models:/digits@", "no name or no alias"],
    ["models:/..", "neither a version nor the id"],
    ["models://databricks/digits/1", "names a host"],
    ["a\0b", "NUL"],
  ])("refuses %j", (uri, problem) => {
    const refusal = { code: "INVALID_PARAMETER_VALUE", details: { argument: "uri" } };
    expect(() => parseModelUri(uri)).toThrow(expect.objectContaining(refusal));
    expect(() => parseModelUri(uri)).toThrow(problem);
  });

  it("keeps passwords out of messages", () => {
    expect(() => parseModelUri("models://user:secret@host/digits/1")).toThrow(/^(?!.*secret)/);
  });
});
