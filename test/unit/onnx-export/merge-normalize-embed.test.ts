import { mergeCases } from "../../support/onnx-cases/merge-normalize-embed.ts";
import { testModels } from "../../support/onnx-equality.ts";

testModels(mergeCases);
