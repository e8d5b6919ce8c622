import { layerCases } from "../../support/onnx-cases/layers.ts";
import { testModels } from "../../support/onnx-equality.ts";

testModels(layerCases);
