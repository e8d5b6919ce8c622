import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { type DatasetOptions, dataset } from "../../../src/tracking/dataset/dataset.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";

const described = (data: DatasetOptions["data"]) => {
  const { digest, schema, profile } = dataset({ name: "d", data });
  return { digest, schema: schema && JSON.parse(schema), profile: profile && JSON.parse(profile) };
};
const digestOf = (data: DatasetOptions["data"]) => described(data).digest;
const tensorSpec = (data: DatasetOptions["data"]) => JSON.parse(described(data).schema.mlflow_tensorspec.features);

describe("a dataset of rows", () => {
  it("has MLflow's column types, in the order of the columns", () => {
    const rows = [
      { id: 1, price: 250.5, city: "Ulm", sold: true, when: new Date(0), raw: Uint8Array.of(1), mixed: 1 },
      {
        id: 2n,
        price: 310,
        city: "Bonn",
        sold: false,
        when: new Date(1),
        raw: Uint8Array.of(2),
        mixed: 1.5,
        late: "x",
      },
    ];
    const { schema, profile, digest } = described(rows);
    const column = (type: string, name: string, required = true) => ({ type, name, required });
    expect(schema).toEqual({
      mlflow_colspec: [
        column("long", "id"),
        column("double", "price"),
        column("string", "city"),
        column("boolean", "sold"),
        column("datetime", "when"),
        column("binary", "raw"),
        column("double", "mixed"),
        column("string", "late", false),
      ],
    });
    expect(profile).toEqual({ num_rows: 2, num_elements: 16 });
    expect(digest).toMatch(/^[0-9a-f]{32}$/);
  });

  it("has no schema where MLflow has no type", () => {
    expect(described([{ a: { nested: 1 } }]).schema).toBeUndefined();
    expect(described([{ a: 1 }, { a: "x" }]).schema).toBeUndefined();
    expect(described([{ a: null }]).schema).toBeUndefined();
  });

  it("has a digest that tells contents apart, and only contents", () => {
    expect(digestOf([{ a: 1, b: null }])).toBe(digestOf([{ a: 1, b: null }]));
    const different = [
      [{ a: 1 }],
      [{ a: "1" }],
      [{ a: 1n }],
      [{ a: 1 }, {}],
      [{ b: 1 }],
      [{ a: 0 }],
      [{ a: -0 }],
      [{ a: null }],
      [{ a: undefined }],
      [{ a: Number.NaN }],
      [{ a: "NaN" }],
      [{ a: new Date(1) }],
    ];
    expect(new Set(different.map((rows) => digestOf(rows as DatasetOptions["data"]))).size).toBe(different.length);
  });
});

describe("a dataset of tensors", () => {
  it("has MLflow's tensor spec, with any number of examples", () => {
    expect(tensorSpec(new Float32Array(6))).toEqual([
      { type: "tensor", "tensor-spec": { dtype: "float32", shape: [-1] } },
    ]);
    expect(
      tensorSpec([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    ).toEqual([{ type: "tensor", "tensor-spec": { dtype: "float64", shape: [-1, 2] } }]);
    expect(tensorSpec({ x: { dims: [2, 3], type: "int64", data: new BigInt64Array(6) }, y: [0, 1] })).toEqual([
      { name: "x", type: "tensor", "tensor-spec": { dtype: "int64", shape: [-1, 3] } },
      { name: "y", type: "tensor", "tensor-spec": { dtype: "float64", shape: [-1] } },
    ]);
    expect(tensorSpec({ shape: [2], dtype: "string", data: ["a", "b"] })[0]["tensor-spec"].dtype).toBe("str");
    expect(tensorSpec(new Uint8ClampedArray(2))[0]["tensor-spec"].dtype).toBe("uint8");
  });

  it("takes TF.js tensors, which are not kept", () => {
    const tensors = tf.memory().numTensors;
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    expect(described(x as unknown as DatasetOptions["data"])).toMatchObject({
      profile: { features_shape: [2, 2], features_size: 4, features_nbytes: 16 },
    });
    x.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it("has a digest of values, type and shape", () => {
    const data = Float32Array.of(1, 2, 3, 4);
    const different: DatasetOptions["data"][] = [
      data,
      Float64Array.of(1, 2, 3, 4),
      Float32Array.of(1, 2, 3, 5),
      { shape: [2, 2], data },
      { shape: [4, 1], data },
      { x: data },
      { y: data },
    ];
    expect(new Set(different.map(digestOf)).size).toBe(different.length);
    expect(digestOf(data.subarray(1, 3))).toBe(digestOf(Float32Array.of(2, 3)));
  });
});

describe("a dataset's source", () => {
  it.each([
    ["data/train.csv", "local", { uri: resolve("data/train.csv") }],
    ["file:///data/a%20b.csv", "local", { uri: "/data/a b.csv" }],
    ["https://jo:hunter2@example.org/d.csv", "http", { url: "https://***@example.org/d.csv" }],
    ["s3://bucket/key", "s3", { uri: "s3://bucket/key" }],
    ["gs://bucket/key", "gs", { uri: "gs://bucket/key" }],
  ])("%s", (source, sourceType, fields) => {
    const made = dataset({ name: "d", source });
    expect(made.sourceType).toBe(sourceType);
    expect(JSON.parse(made.source)).toEqual(fields);
  });

  it("is the program where nobody says more", () => {
    const { sourceType, source } = dataset({ name: "d", data: [1] });
    expect(sourceType).toBe("code");
    expect(JSON.parse(source).tags["mlflow.source.type"]).toBe("LOCAL");
  });

  it("may be a file, whose contents make the digest", () => {
    const file = join(temporaryDirectory(), "train.csv");
    writeFileSync(file, "a,b\n1,2\n");
    const made = dataset({ name: "d", file });
    expect(made).toMatchObject({ sourceType: "local", profile: JSON.stringify({ size_bytes: 8 }) });
    expect(made.digest).toBe(createHash("sha256").update("a,b\n1,2\n").digest("hex").slice(0, 32));
    expect(dataset({ name: "other", file, source: "s3://b/k" })).toMatchObject({
      digest: made.digest,
      sourceType: "s3",
    });
  });
});

describe("bad input", () => {
  it.each<[string, unknown, string]>([
    ["no options", undefined, "dataset"],
    ["no name", {}, "name"],
    ["an empty name", { name: "" }, "name"],
    ["a name too long", { name: "x".repeat(501) }, "name"],
    ["a digest too long", { name: "d", digest: "x".repeat(37) }, "digest"],
    ["an unknown option", { name: "d", sauce: "x" }, "sauce"],
    ["data and file", { name: "d", data: [1], file: "x" }, "both"],
    ["a file that is not there", { name: "d", file: "/no/such/file" }, "/no/such/file"],
    ["data that is none", { name: "d", data: 5 }, "data"],
    ["ragged arrays", { name: "d", data: [[1, 2], [3]] }, "equal length"],
    ["texts for numbers", { name: "d", data: [["a"]] }, "data"],
    ["a wrong shape", { name: "d", data: { shape: [3], data: new Float32Array(2) } }, "shape"],
    ["rows that are none", { name: "d", data: [{ a: 1 }, 2] }, "data.1"],
    ["a function in rows", { name: "d", data: [{ a: () => 1 }] }, "data"],
    ["a schema that is no JSON", { name: "d", schema: "{" }, "schema"],
  ])("%s", (_what, options, named) => {
    expect(() => dataset(options as DatasetOptions)).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining(named) }),
    );
  });
});
