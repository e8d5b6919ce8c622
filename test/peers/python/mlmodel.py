"""MLmodel directories through MLflow's own classes. `read DIRECTORY` prints what MLflow understands of each model in it;
`write DIRECTORY` saves one model of each kind; `yaml FILE` and `json FILE` print Python's texts for a list of values in JSON."""

import datetime as dt
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from mlflow.models import Model, ModelSignature, infer_signature
from mlflow.models.utils import _save_example
from mlflow.types.schema import AnyType, Array, ColSpec, Map, Object, ParamSchema, ParamSpec, Property, Schema, TensorSpec
from mlflow.utils.environment import _PythonEnv
from mlflow.utils.requirements_utils import _parse_requirements

action, place = sys.argv[1], Path(sys.argv[2])


def example(model, directory):
    if model.saved_input_example_info is None:
        return None
    data = model.load_input_example(str(directory))
    serving = json.loads(model.get_serving_input(str(directory)))
    if isinstance(data, pd.DataFrame):
        found = {"dtypes": [str(kind) for kind in data.dtypes], "columns": list(data.columns)}
        found["records"] = [[plain(value) for value in row] for row in data.to_numpy(dtype=object).tolist()]
    elif isinstance(data, dict):
        found = {name: [array.dtype.name, array.tolist()] for name, array in data.items()}
    else:
        found = [data.dtype.name, data.tolist()]
    params = model.load_input_example_params(str(directory))
    return {"data": found, "params": params, "serving": serving}


def plain(value):
    if isinstance(value, bytes):
        return list(value)
    if isinstance(value, (dt.datetime, np.datetime64)):
        return pd.Timestamp(value).isoformat()
    return None if value is None or value is pd.NaT or value != value else value


def read():
    found = {}
    for directory in sorted(place.iterdir()):
        text = (directory / "MLmodel").read_text()
        model = Model.load(str(directory))
        entry = {
            "signature": model.signature.to_dict() if model.signature is not None else None,
            "sameText": model.to_yaml() == text,
            "text": model.to_yaml(),
            "metadata": json.dumps(model.metadata),
            "example": example(model, directory),
        }
        if (directory / "conda.yaml").exists():
            requirements = _parse_requirements(str(directory / "requirements.txt"), is_constraint=False)
            entry["environment"] = {
                "virtualenv": _PythonEnv.from_yaml(str(directory / "python_env.yaml")).to_dict(),
                "conda": _PythonEnv.from_conda_yaml(str(directory / "conda.yaml")).to_dict(),
                "requirements": [requirement.req_str for requirement in requirements],
            }
        found[directory.name] = entry
    print(json.dumps(found))


SCALARS = ["boolean", "integer", "long", "float", "double", "string", "binary", "datetime"]
POINT = Object([Property("x", "double"), Property("label", "string", required=False)])
FRAME = pd.DataFrame({
    "n": [1, 2],
    "text": ["x", None],
    "real": [0.5, float("nan")],
    "bytes": [b"ab", b"\xff" * 60],
    "time": pd.to_datetime(["2024-01-01", "2024-01-02"]),
})
PARAMS = ParamSchema([
    ParamSpec("flag", "boolean", True),
    ParamSpec("count", "integer", 3),
    ParamSpec("big", "long", 2**60),
    ParamSpec("rate", "float", 1.0),
    ParamSpec("odd", "double", float("nan")),
    ParamSpec("text", "string", "é"),
    ParamSpec("none", "string", None),
    ParamSpec("time", "datetime", dt.datetime(2024, 1, 2, 3, 4, 5)),
    ParamSpec("list", "double", [1.0, 2.5], (-1,)),
    ParamSpec("object", Object([Property("a", "long")]), {"a": 1}),
])
SIGNATURES = {
    "tensors": ModelSignature(
        Schema([TensorSpec(np.dtype(kind), (-1, 3), kind) for kind in ["float32", "int64", "bool", "str", "object"]]),
        Schema([TensorSpec(np.dtype("float16"), (-1,))]),
    ),
    "columns": ModelSignature(
        Schema([ColSpec(kind, kind, required=index % 2 == 0) for index, kind in enumerate(SCALARS)]),
        Schema([ColSpec("double")]),
        PARAMS,
    ),
    "nested": ModelSignature(
        Schema([
            ColSpec(Array(Array("long")), "lists"),
            ColSpec(POINT, "point", required=False),
            ColSpec(Map(Array(POINT)), "map"),
            ColSpec(AnyType(), "any"),
        ])
    ),
    "params only": ModelSignature(params=PARAMS),
    "inferred": infer_signature(FRAME, np.zeros((2, 3)), {"t": 0.5}),
    "numbered": infer_signature(pd.DataFrame([[1, 2.5]])),
}
EXAMPLES = {
    "frame": FRAME,
    "numbered frame": pd.DataFrame([[1, 2.5]]),
    "array": np.array([[1.5, np.nan]], dtype="float32"),
    "named arrays": {"a": np.array([[1, 2]]), "b": np.array(["x"])},
    "with params": (np.array([1.0]), {"p": 1}),
    "object": {"a": [1, 2], "b": "x"},
}


def write():
    expected = {}
    for name, signature in SIGNATURES.items():
        model = Model(signature=signature, metadata={"one": 1.0, "day": dt.date(2024, 1, 2), "numbered": {3: "three"}, "long": "word " * 40})
        model.add_flavor("python_function", loader_module="mlflow.onnx", data="model.onnx", python_version="3.11.7")
        model.add_flavor("onnx", code=None, rate=2.0)
        model.model_size_bytes = 12
        expected[name] = save(name, model)
    for name, data in EXAMPLES.items():
        model = Model(run_id="0" * 32, artifact_path="model")
        directory = place / name
        directory.mkdir()
        _save_example(model, data, str(directory))
        expected[name] = save(name, model)
    print(json.dumps(expected))


def save(name, model):
    directory = place / name
    directory.mkdir(exist_ok=True)
    model.save(str(directory / "MLmodel"))
    return model.signature.to_dict() if model.signature is not None else None


class Dumper(yaml.SafeDumper):
    """Python's json module makes one object of equal texts; that must not become an anchor."""

    def ignore_aliases(self, data):
        return True


if action == "read":
    read()
elif action == "write":
    write()
else:
    values = json.loads(place.read_text())
    dump = json.dumps if action == "json" else lambda value: yaml.dump(value, Dumper=Dumper, default_flow_style=False)
    print(json.dumps([dump(value) for value in values]))
