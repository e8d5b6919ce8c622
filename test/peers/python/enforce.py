"""What MLflow makes of inputs and params: takes a file of cases, answers one result for each."""

import io
import json
import logging
import sys

import numpy as np
import pandas as pd
from mlflow.models.utils import _enforce_params_schema, _enforce_schema
from mlflow.pyfunc.scoring_server import (
    _split_data_and_params,
    infer_and_parse_data,
    parse_csv_input,
    predictions_to_json,
)
from mlflow.types import ParamSchema, Schema

logging.disable(logging.WARNING)


def plain(value):
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, bytes):
        return list(value)
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if hasattr(value, "isoformat"):
        return pd.Timestamp(value).isoformat(timespec="milliseconds")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return None if np.isnan(value) else str(value) if np.isinf(value) else value
    return str(value) if isinstance(value, int) and abs(value) > 2**53 else value


def tensor(array):
    name = "str" if array.dtype.kind == "U" else array.dtype.name
    return {"dtype": name, "shape": list(array.shape), "values": plain(array)}


def described(result):
    if isinstance(result, pd.DataFrame):
        return {"columns": {str(name): plain(result[name].tolist()) for name in result.columns}}
    if isinstance(result, dict):
        return {"tensors": {name: tensor(array) for name, array in result.items()}}
    return {"tensors": {"": tensor(result)}}


def enforced_input(case, schema):
    if "csv" in case:
        data = parse_csv_input(io.StringIO(case["csv"]), schema)
    elif "body" in case:
        data, _ = _split_data_and_params(case["body"])
        data = infer_and_parse_data(data, schema)
    else:
        arrays = {name: np.array(values, dtype=dtype) for name, (dtype, values) in case["arrays"].items()}
        data = arrays[""] if "" in arrays else arrays
    return described(_enforce_schema(data, schema) if schema is not None else data)


def predictions(arrays):
    output = io.StringIO()
    named = {name: np.array(values, dtype=dtype) for name, (dtype, values) in arrays.items()}
    predictions_to_json(named, output)
    return {"text": output.getvalue()}


def answer(case):
    try:
        if "predictions" in case:
            return predictions(case["predictions"])
        if "params" in case:
            schema = ParamSchema.from_json(case["schema"])
            return {"params": plain(_enforce_params_schema(json.loads(case["params"]), schema))}
        schema = Schema.from_json(case["schema"]) if case["schema"] else None
        return enforced_input(case, schema)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}


with open(sys.argv[1]) as file:
    cases = json.load(file)
print(json.dumps([answer(case) for case in cases]))
