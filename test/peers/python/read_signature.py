"""Reads a signature.json of a run's artifacts with MLflow's own classes, and prints what it says of inputs and outputs."""

import json
import sys

import mlflow
import numpy as np
from mlflow.models import ModelSignature
from mlflow.models.utils import _enforce_schema

uri, run_id = sys.argv[1], sys.argv[2]
mlflow.set_tracking_uri(uri)
signature = ModelSignature.from_dict(mlflow.artifacts.load_dict(f"runs:/{run_id}/signature.json"))


def specs(schema):
    return [[spec.name, str(spec.type), list(spec.shape)] for spec in schema.inputs]


feeds = {"x": np.zeros((3, 64), np.float32)}
_enforce_schema(feeds, signature.inputs)
try:
    _enforce_schema({"x": np.zeros((3, 65), np.float32)}, signature.inputs)
    refuses = False
except mlflow.exceptions.MlflowException:
    refuses = True
print(json.dumps({"inputs": specs(signature.inputs), "outputs": specs(signature.outputs), "refusesOthers": refuses}))
