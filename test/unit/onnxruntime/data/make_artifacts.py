"""Makes the artifacts of ONNX Runtime's training API for a 4-8-3 network, as small as they can be, into this directory.

    python -m venv venv
    venv/bin/pip install onnxruntime-training==1.19.2 "onnx<1.17" "numpy<2"
    venv/bin/python make_artifacts.py

`import onnxruntime.training` wants torch, which none of this needs: the package is put in place without its `__init__`.
"""

import importlib.util
import os
import sys
import types

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

os.chdir(os.path.dirname(os.path.abspath(__file__)))

place = os.path.join(os.path.dirname(importlib.util.find_spec("onnxruntime").origin), "training")
package = types.ModuleType("onnxruntime.training")
package.__path__ = [place]
sys.modules["onnxruntime.training"] = package

from onnxruntime.training import artifacts  # noqa: E402

INPUTS, HIDDEN, CLASSES = 4, 8, 3
random = np.random.default_rng(1)


def weights(name, *shape):
    scale = np.sqrt(2 / shape[0]) if len(shape) == 2 else 0
    return numpy_helper.from_array((random.standard_normal(shape) * scale).astype(np.float32), name)


graph = helper.make_graph(
    [
        helper.make_node("Gemm", ["x", "W1", "b1"], ["z1"]),
        helper.make_node("Relu", ["z1"], ["h"]),
        helper.make_node("Gemm", ["h", "W2", "b2"], ["scores"]),
    ],
    "iris",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", INPUTS])],
    [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", CLASSES])],
    [weights("W1", INPUTS, HIDDEN), weights("b1", HIDDEN), weights("W2", HIDDEN, CLASSES), weights("b2", CLASSES)],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="make_artifacts")
model.ir_version = 8
onnx.checker.check_model(model)

artifacts.generate_artifacts(
    model,
    requires_grad=["W1", "b1", "W2"],
    frozen_params=["b2"],
    loss=artifacts.LossType.CrossEntropyLoss,
    optimizer=artifacts.OptimType.AdamW,
    artifact_directory=".",
)
