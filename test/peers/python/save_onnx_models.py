"""Saves ONNX models as Python's MLflow does, one for each kind of signature: `save_onnx_models.py DIRECTORY`. Beside them goes
`cases.json`: for each model, bodies as MLflow's servers take them, and what pyfunc answers, as the servers write it; null
where it fails."""

import io
import json
import sys
from pathlib import Path

import mlflow.onnx
import mlflow.pyfunc
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature, infer_signature
from mlflow.pyfunc.scoring_server import (
    _split_data_and_params,
    infer_and_parse_data,
    predictions_to_json,
)
from mlflow.types.schema import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from onnx import TensorProto, checker, helper, numpy_helper

directory = Path(sys.argv[1])

TYPES = {
    "float16": TensorProto.FLOAT16,
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8,
    "bool": TensorProto.BOOL,
    "str": TensorProto.STRING,
}


def value(name, dtype, shape):
    axes = [f"axis{index}" if length < 0 else length for index, length in enumerate(shape)]
    return helper.make_tensor_value_info(name, TYPES[dtype], axes)


def model(nodes, inputs, outputs, weights=()):
    initializers = [numpy_helper.from_array(array, name) for name, array in weights]
    graph = helper.make_graph(
        nodes, "g", [value(*port) for port in inputs], [value(*port) for port in outputs], initializers
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(made, full_check=True)
    return made


def identity(*ports):
    """A model that answers what it is given, under names of its own."""
    nodes = [helper.make_node("Identity", [name], [f"{name}_out"]) for name, _, _ in ports]
    return model(nodes, ports, [(f"{name}_out", dtype, shape) for name, dtype, shape in ports])


def linear(columns, outputs):
    weights = np.arange(1, columns * outputs + 1, dtype=np.float32).reshape(columns, outputs) / 4
    nodes = [helper.make_node("MatMul", ["X", "W"], ["Y"])]
    return model(nodes, [("X", "float32", [-1, columns])], [("Y", "float32", [-1, outputs])], [("W", weights)])


def tensors(*specs):
    return Schema([TensorSpec(np.dtype(dtype), shape, name) for name, dtype, shape in specs])


def columns(*specs):
    return Schema([ColSpec(kind, name, required=required) for kind, name, required in specs])


def split(names, *rows):
    return {"dataframe_split": {"columns": list(names), "data": [list(row) for row in rows]}}


two = [
    helper.make_node("Mul", ["a", "b"], ["product"]),
    helper.make_node("ReduceSum", ["a", "axes"], ["total"], keepdims=0),
]
frame = pd.DataFrame({"p": [0.5, 1.5], "q": [2.0, 3.0], "r": [4.0, -1.0]})

# Name of the model: the model, its signature, its input example, bodies.
MODELS = {
    "named tensor": (
        linear(4, 3),
        ModelSignature(tensors(("X", "float32", (-1, 4))), tensors(("Y", "float32", (-1, 3)))),
        {"X": np.ones((2, 4), np.float32)},
        [
            {"inputs": [[1, 2, 3, 4], [0.5, -1, 0, 1e-3]]},
            {"inputs": {"X": [[1, 2, 3, 4]]}},
            {"instances": [[1, 2, 3, 4]]},
            {"instances": [{"X": [1, 2, 3, 4]}, {"X": [5, 6, 7, 8]}]},
            split(["X"], [[1, 2, 3, 4]]),
        ],
    ),
    "unnamed tensor": (
        linear(2, 1),
        ModelSignature(tensors((None, "float32", (-1, 2)))),
        np.ones((1, 2), np.float32),
        [{"inputs": [[1, 2], [3, 4]]}, {"instances": [[1, 2]]}],
    ),
    "several tensors": (
        model(
            two,
            [("a", "float32", [-1, 2]), ("b", "float32", [-1, 1])],
            [("product", "float32", [-1, 2]), ("total", "float32", [-1])],
            [("axes", np.array([1], np.int64))],
        ),
        ModelSignature(tensors(("a", "float32", (-1, 2)), ("b", "float32", (-1, 1)))),
        {"a": np.ones((1, 2), np.float32), "b": np.ones((1, 1), np.float32)},
        [
            {"inputs": {"b": [[2], [3]], "a": [[1, 2], [3, 4]]}},
            {"instances": [{"a": [1, 2], "b": [2]}, {"a": [3, 4], "b": [3]}]},
        ],
    ),
    "no signature": (
        linear(2, 2),
        None,
        None,
        # Without one, the server takes whole numbers for int64, which the model refuses.
        [{"inputs": [[1.5, 2.5]]}, {"inputs": {"X": [[1.5, 2.5], [0.5, 1.5]]}}],
    ),
    **{
        f"{dtype} tensor": (
            identity(("x", dtype, [-1, 2])),
            ModelSignature(tensors(("x", dtype, (-1, 2)))),
            {"x": np.array([given], dtype)},
            [{"inputs": {"x": [given]}}, {"inputs": [given, given]}],
        )
        for dtype, given in {
            "float16": [0.1, 65504],
            "float64": [0.1, 1e300],
            "int32": [-(2**31), 2**31 - 1],
            "int64": [-(2**63), 2**53 + 1],
            "uint8": [0, 255],
            "bool": [True, False],
            "str": ["ü", ""],
        }.items()
    },
    "three axes": (
        identity(("image", "uint8", [-1, 2, 2])),
        ModelSignature(tensors(("image", "uint8", (-1, 2, 2)))),
        {"image": np.zeros((1, 2, 2), np.uint8)},
        [{"inputs": {"image": [[[1, 2], [3, 4]]]}}, {"instances": [{"image": [[1, 2], [3, 4]]}]}],
    ),
    "columns of each type": (
        identity(
            ("f", "float32", [-1]),
            ("d", "float64", [-1]),
            ("i", "int32", [-1]),
            ("l", "int64", [-1]),
            ("b", "bool", [-1]),
        ),
        ModelSignature(
            columns(
                ("float", "f", True),
                ("double", "d", True),
                ("integer", "i", True),
                ("long", "l", True),
                ("boolean", "b", True),
            )
        ),
        None,
        [
            split("blidf", [True, 2**53 + 1, -5, 0.1, 0.5], [False, 2, 6, 1e300, -1.5]),
            {"dataframe_records": [{"f": 1, "d": 2, "i": 3, "l": 4, "b": False, "more": 1}]},
        ],
    ),
    # Pandas 3 has arrays of its own for texts, which MLflow 3.17 hands to ONNX Runtime as they are: it takes none.
    "column of texts": (
        identity(("s", "str", [-1]), ("n", "int64", [-1])),
        ModelSignature(columns(("string", "s", True), ("long", "n", True))),
        None,
        [split("sn", ["ü", 1], ["", 2])],
    ),
    "columns of one tensor": (
        linear(3, 1),
        infer_signature(frame, pd.DataFrame({"Y": [1.0]})),
        frame,
        [
            {"dataframe_split": frame.to_dict(orient="split")},
            {"dataframe_records": [{"r": 1.5, "q": 2.5, "p": 3.5}]},
            {"inputs": {"p": [0.5], "q": [1.5], "r": [2.5]}},
        ],
    ),
    "optional columns": (
        linear(2, 1),
        ModelSignature(columns(("double", "p", True), ("double", "q", False))),
        frame[["p", "q"]],
        [split("qp", [1.5, 2.5], [None, 0.5])],
    ),
    "params": (
        linear(2, 2),
        ModelSignature(
            tensors(("X", "float32", (-1, 2))),
            params=ParamSchema(
                [ParamSpec("temperature", "double", 0.5), ParamSpec("stop", "string", ["."], shape=(-1,))]
            ),
        ),
        ({"X": np.ones((1, 2), np.float32)}, {"temperature": 0.25, "stop": ["a", "b"]}),
        [{"inputs": {"X": [[1, 2]]}, "params": {"temperature": 1}}],
    ),
}


def answer(pyfunc, body):
    data, params = _split_data_and_params(body)
    parsed = infer_and_parse_data(data, pyfunc.metadata.get_input_schema())
    text = io.StringIO()
    try:
        predictions_to_json(pyfunc.predict(parsed, params), text)
    except Exception as error:
        print(f"{body}: {error}"[:300], file=sys.stderr)
        return None
    return text.getvalue()


cases = []
for name, (onnx_model, signature, example, bodies) in MODELS.items():
    path = directory / name
    # Without requirements it would look for them by loading the model in another process.
    mlflow.onnx.save_model(
        onnx_model, path, signature=signature, input_example=example, pip_requirements=["onnxruntime"]
    )
    pyfunc = mlflow.pyfunc.load_model(str(path))
    for body in bodies:
        text = json.dumps(body)
        cases.append({"model": name, "body": text, "answer": answer(pyfunc, text)})

(directory / "cases.json").write_text(json.dumps(cases))
print(json.dumps({"models": len(MODELS), "cases": len(cases)}))
