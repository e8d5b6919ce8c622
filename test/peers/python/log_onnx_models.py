"""Saves ONNX models with signatures of every kind by Python MLflow, and answers what each predicts: `all DIRECTORY URI…` also logs some of
them at each tracking URI, `irises DIRECTORY CSV` saves the model of examples/load-python-model.mjs."""

import json
import logging
import sys
from pathlib import Path

import mlflow
import numpy as np
import onnx
import pandas as pd
from mlflow.models import ModelSignature, infer_signature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from onnx import TensorProto, helper, numpy_helper

logging.disable(logging.WARNING)

TYPES = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
    "str": TensorProto.STRING,
}
REQUIREMENTS = [f"mlflow=={mlflow.__version__}", f"onnx=={onnx.__version__}"]


def onnx_model(nodes, inputs, outputs, constants=()):
    def ports(named):
        return [helper.make_tensor_value_info(name, TYPES[dtype], shape) for name, (dtype, shape) in named.items()]

    initializers = [numpy_helper.from_array(array, name) for name, array in constants]
    graph = helper.make_graph(nodes, "python", ports(inputs), ports(outputs), initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


node = helper.make_node


def linear(dtype="float32"):
    """Four numbers in, two out."""
    weights = np.linspace(-1, 1, 8).reshape(4, 2).astype(dtype)
    return onnx_model(
        [node("MatMul", ["x", "w"], ["y"])], {"x": (dtype, ["n", 4])}, {"y": (dtype, ["n", 2])}, [("w", weights)]
    )


def typed():
    """An input and an output of each type, of one axis, as columns are handed on."""
    dtypes = {"a": "float32", "b": "float64", "c": "int32", "d": "int64", "e": "bool", "f": "str"}
    inputs = {name: (dtype, ["n"]) for name, dtype in dtypes.items()}
    outputs = {
        "sum": ("float32", ["n"]),
        "half": ("float64", ["n"]),
        "more": ("int32", ["n"]),
        "twice": ("int64", ["n"]),
        "not": ("bool", ["n"]),
        "same": ("str", ["n"]),
    }
    nodes = [
        node("Add", ["a", "a"], ["sum"]),
        node("Mul", ["b", "h"], ["half"]),
        node("Add", ["c", "one"], ["more"]),
        node("Add", ["d", "d"], ["twice"]),
        node("Not", ["e"], ["not"]),
        node("Identity", ["f"], ["same"]),
    ]
    return onnx_model(nodes, inputs, outputs, [("h", np.float64(0.5)), ("one", np.int32(1))])


def two_of_each():
    weights = np.linspace(0, 1, 6).reshape(3, 2).astype("float32")
    nodes = [
        node("MatMul", ["x", "w"], ["y"]),
        node("ReduceSum", ["z"], ["total"], keepdims=0),
    ]
    inputs = {"x": ("float32", ["n", 3]), "z": ("int64", ["n", 2])}
    outputs = {"y": ("float32", ["n", 2]), "total": ("int64", [])}
    return onnx_model(nodes, inputs, outputs, [("w", weights)])


def tensor_specs(**named):
    return Schema([TensorSpec(np.dtype(dtype), shape, name) for name, (dtype, shape) in named.items()])


def columns(*specs):
    return Schema([ColSpec(kind, name, required=required) for name, kind, required in specs])


FOUR = np.linspace(-3, 3, 12).reshape(3, 4)
TABLE = pd.DataFrame(FOUR, columns=["p", "q", "r", "s"])
TYPED = pd.DataFrame({
    "a": np.array([0.1, -2.5], "float32"),
    "b": [1e300, 0.1],
    "c": np.array([-(2**31), 7], "int32"),
    "d": [2**53 + 1, -5],
    "e": [True, False],
    # Of objects: texts of pandas are nothing that ONNX Runtime takes.
    "f": pd.Series(["ebb", "fløod"], dtype=object),
})
TYPED_COLUMNS = [("a", "float"), ("b", "double"), ("c", "integer"), ("d", "long"), ("e", "boolean"), ("f", "string")]
FLOAT_FOUR = FOUR.astype("float32")


def cases():
    """Name to model, signature, input and input example."""
    x = {"x": ("float32", (-1, 4))}
    pair = {"x": FLOAT_FOUR[:, :3].copy(), "z": np.array([[1, 2], [3, 4], [2**40, 0]])}
    yield "no signature", linear(), None, {"x": FLOAT_FOUR}
    yield "a tensor without a name", linear(), ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, 4))])), FLOAT_FOUR
    yield "a tensor with a name", linear(), ModelSignature(tensor_specs(**x), tensor_specs(y=("float32", (-1, 2)))), {"x": FLOAT_FOUR}
    yield "a tensor of doubles", linear("float64"), ModelSignature(tensor_specs(x=("float64", (-1, 4)))), {"x": FOUR}
    yield "inferred of an array", linear(), infer_signature(FLOAT_FOUR, FLOAT_FOUR[:, :2]), FLOAT_FOUR
    yield "two tensors", two_of_each(), ModelSignature(tensor_specs(x=("float32", (-1, 3)), z=("int64", (-1, 2)))), pair
    arrays = {name: TYPED[name].to_numpy(str if name == "f" else None) for name in TYPED}
    yield "tensors of every type", typed(), infer_signature(arrays), arrays
    yield "columns of doubles", linear("float64"), infer_signature(TABLE), TABLE
    yield "columns of floats for floats", linear(), ModelSignature(columns(*((name, "float", True) for name in "pqrs"))), TABLE.astype("float32")
    yield "columns without names", linear("float64"), ModelSignature(Schema([ColSpec("double")] * 4)), pd.DataFrame(FOUR)
    yield "columns of every type", typed(), ModelSignature(columns(*((n, k, True) for n, k in TYPED_COLUMNS))), TYPED
    yield "a column that may be missing", linear("float64"), ModelSignature(columns(("p", "double", True), ("q", "double", True), ("r", "double", True), ("s", "double", True), ("note", "string", False))), TABLE
    params = ParamSchema([ParamSpec("temperature", "double", 0.5), ParamSpec("stops", "string", ["a"], shape=(-1,))])
    yield "params", linear(), ModelSignature(tensor_specs(**x), params=params), {"x": FLOAT_FOUR}
    yield "only params", linear(), ModelSignature(params=params), {"x": FLOAT_FOUR}


def plain(array):
    array = np.asarray(array)
    values = array.reshape(-1).tolist()
    dtype = "str" if array.dtype.kind in "OU" else array.dtype.name
    # JSON's numbers are floats to many.
    return {"dtype": dtype, "shape": list(array.shape), "data": [str(v) for v in values] if dtype == "int64" else values}


def described(values):
    if isinstance(values, pd.DataFrame):
        return {"rows": {str(name): plain(values[name]) for name in values.columns}}
    if isinstance(values, dict):
        return {"tensors": {name: plain(array) for name, array in values.items()}}
    return {"tensor": plain(values)}


def save(directory, name, model, signature, given):
    path = directory / name
    example = None if name == "only params" else given
    mlflow.onnx.save_model(
        model, path, signature=signature, pip_requirements=REQUIREMENTS, input_example=example if signature else None
    )
    return {"question": described(given), "answer": described(mlflow.pyfunc.load_model(str(path)).predict(given))}


LOGGED = ["a tensor with a name", "two tensors", "columns of every type"]


def log(uri, chosen):
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    mlflow.set_experiment("saved by Python")
    with mlflow.start_run() as run:
        for name, (model, signature) in chosen.items():
            mlflow.onnx.log_model(
                model, name=name, registered_model_name=name, signature=signature, pip_requirements=REQUIREMENTS
            )
            mlflow.MlflowClient().set_registered_model_alias(name, "champion", "1")
    return run.info.run_id


def save_all(directory, *uris):
    made = list(cases())
    answers = {name: save(Path(directory), name, *rest) for name, *rest in made}
    chosen = {name: (model, signature) for name, model, signature, _ in made if name in LOGGED}
    return {"models": answers, "logged": LOGGED, "runs": {uri: log(uri, chosen) for uri in uris}}


def save_irises(directory, csv):
    """A regression of scikit-learn, written as an ONNX model: lengths in, the name of the species and probabilities out."""
    from sklearn.linear_model import LogisticRegression

    flowers = pd.read_csv(csv)
    lengths, species = flowers.drop(columns="species"), flowers["species"]
    fitted = LogisticRegression(max_iter=1_000).fit(lengths, species)
    nodes = [
        node("Gemm", ["lengths", "coefficients", "intercept"], ["scores"], transB=1),
        node("Softmax", ["scores"], ["probabilities"], axis=1),
        node("ArgMax", ["scores"], ["place"], axis=1, keepdims=0),
        node("Gather", ["names", "place"], ["species"]),
    ]
    constants = [
        ("coefficients", fitted.coef_.astype("float32")),
        ("intercept", fitted.intercept_.astype("float32")),
        ("names", fitted.classes_.astype(object)),
    ]
    outputs = {"species": ("str", ["n"]), "probabilities": ("float32", ["n", 3])}
    model = onnx_model(nodes, {"lengths": ("float32", ["n", 4])}, outputs, constants)
    outputs = tensor_specs(species=("str", (-1,)), probabilities=("float32", (-1, 3)))
    signature = ModelSignature(infer_signature(lengths).inputs, outputs)
    mlflow.onnx.save_model(
        model,
        directory,
        signature=signature,
        input_example=lengths.head(2),
        pip_requirements=[*REQUIREMENTS, "onnxruntime"],
        metadata={"trained with": "scikit-learn"},
    )


action, *arguments = sys.argv[1:]
print(json.dumps(save_all(*arguments) if action == "all" else save_irises(*arguments)))
