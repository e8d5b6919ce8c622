"""Checks ONNX models with the reference checker and runs them: the largest difference from the outputs that lie beside them, as a part of
the largest output."""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

options = ort.SessionOptions()
options.log_severity_level = 3
options.intra_op_num_threads = 1


def array(tensor):
    return np.array(tensor["data"], dtype=tensor["dtype"]).reshape(tensor["shape"])


def difference(path):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    comparison = json.loads(path.with_suffix(".json").read_text())
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    outputs = session.run(None, {name: array(tensor) for name, tensor in comparison["inputs"].items()})
    if len(outputs) != len(comparison["outputs"]):
        raise ValueError(f"{len(outputs)} outputs")
    largest = 0.0
    for output, tensor in zip(outputs, comparison["outputs"]):
        expected = array(tensor).astype(np.float64)
        if output.shape != expected.shape:
            raise ValueError(f"shape {output.shape} is not {expected.shape}")
        here = float(np.max(np.abs(output - expected), initial=0))
        if not np.isfinite(here):
            raise ValueError("outputs that are no numbers")
        if here > 0:
            largest = max(largest, here / float(np.max(np.abs(expected))))
    return largest


def result(path):
    try:
        return {"difference": difference(path)}
    except Exception as error:
        return {"error": str(error)[:500]}


folder = Path(sys.argv[1])
models = {path.stem: result(path) for path in folder.glob("*.onnx")}
print(json.dumps({"onnx": onnx.__version__, "onnxruntime": ort.__version__, "models": models}))
