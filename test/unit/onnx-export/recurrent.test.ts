import { recurrentCases } from "../../support/onnx-cases/recurrent.ts";
import { testModels } from "../../support/onnx-equality.ts";

testModels(recurrentCases);
