import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { LAYER_EXPORTERS } from "../../../src/onnx-export/layer-table.ts";
import { ACTIVATIONS } from "../../../src/onnx-export/layers/activations.ts";
import { REFUSED_LAYERS } from "../../../src/onnx-export/refused-layers.ts";
import { guideTables } from "../../support/guide-table.ts";

const { text: guide, rows } = guideTables("onnx-export.md");

describe("the guide", () => {
  it("has a row for every layer that is exported, and for no other", () => {
    expect(rows("Layers").map(([name]) => name)).toEqual(Object.keys(LAYER_EXPORTERS));
  });

  it("has a row for every layer that is refused, with the reason", () => {
    expect(rows("What is refused")).toEqual(Object.entries(REFUSED_LAYERS).map(([name, { why }]) => [name, why]));
  });

  it("names every activation", () => {
    const [, list = ""] = /^Activations: (.*?)\. /ms.exec(guide) ?? [];
    expect([...list.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(Object.keys(ACTIVATIONS));
  });
});

describe("every class of layers that TensorFlow.js has", () => {
  /** Parts of layers, and models, which the walk through the model knows. */
  const NOT_LAYERS_BY_THEMSELVES = new Set([
    ...["InputLayer", "Functional", "Model", "Sequential"],
    ...["LSTMCell", "GRUCell", "SimpleRNNCell", "StackedRNNCells", "ConvLSTM2DCell"],
    // The class that Conv2D's and others' inherit from.
    "SeparableConv",
  ]);

  it("is exported or refused by name", () => {
    const { classNameMap } = tf.serialization.SerializationMap.getMap();
    const classes = Object.entries(classNameMap as Record<string, [{ prototype: unknown }, unknown]>)
      .filter(([, [cls]]) => cls.prototype instanceof tf.layers.Layer)
      .map(([name]) => name)
      .filter((name) => !NOT_LAYERS_BY_THEMSELVES.has(name));
    expect(classes.length).toBeGreaterThan(50);
    const known = new Set([...Object.keys(LAYER_EXPORTERS), ...Object.keys(REFUSED_LAYERS)]);
    expect(classes.filter((name) => !known.has(name))).toEqual([]);
  });
});
