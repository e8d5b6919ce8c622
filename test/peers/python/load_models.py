"""Loads models by their URIs and asks them: takes a file of jobs, answers what each gives, and what MLflow says of each."""

import json
import sys
import tempfile

import mlflow
import numpy as np
import onnxruntime
import pandas as pd
from mlflow.models import (
    Model,
    convert_input_example_to_serving_input,
    get_model_info,
    validate_serving_input,
)


def plain(array):
    array = np.asarray(array)
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": array.reshape(-1).tolist()}


def outputs(prediction):
    """By name; a table has one column for each output."""
    if isinstance(prediction, pd.DataFrame):
        return {str(name): plain(prediction[name]) for name in prediction.columns}
    if isinstance(prediction, dict):
        return {name: plain(array) for name, array in prediction.items()}
    return {"": plain(prediction)}


def asked(question):
    if "rows" in question:
        return pd.DataFrame(question["rows"], dtype="float64")
    return {
        name: np.array(tensor["data"], dtype=tensor["dtype"]).reshape(tensor["shape"])
        for name, tensor in question["tensors"].items()
    }


def by_onnx_flavor(uri, given):
    session = onnxruntime.InferenceSession(mlflow.onnx.load_model(uri).SerializeToString())
    names = [output.name for output in session.get_outputs()]
    if not isinstance(given, pd.DataFrame):
        return outputs(dict(zip(names, session.run(names, given))))
    given = {session.get_inputs()[0].name: given.to_numpy(np.float32)}
    return outputs(pd.DataFrame({name: array.reshape(-1) for name, array in zip(names, session.run(names, given))}))


def described(uri):
    model, info = Model.load(uri), get_model_info(uri)
    directory = mlflow.artifacts.download_artifacts(uri)
    example = model.load_input_example(directory)
    return {
        "flavors": sorted(model.flavors),
        "modelId": model.model_id,
        "runId": model.run_id,
        "inputs": info.signature.inputs.to_dict(),
        "outputs": info.signature.outputs.to_dict(),
        "infoModelId": info.model_id,
        "infoRunId": info.run_id,
        "infoFlavors": sorted(info.flavors),
        "time": info.utc_time_created,
        "metadata": info.metadata,
        "example": type(example).__name__,
        "servingInput": json.loads(model.get_serving_input(directory)),
        "convertedExample": json.loads(convert_input_example_to_serving_input(example)),
        "validated": outputs(validate_serving_input(uri, model.get_serving_input(directory))),
    }


def version_of(name, alias):
    version = mlflow.MlflowClient().get_model_version_by_alias(name, alias)
    return {
        "version": int(version.version),
        "runId": version.run_id,
        "modelId": version.model_id,
        "status": version.status,
        "source": version.source,
        "aliases": list(version.aliases),
    }


def answer(job):
    given = asked(job["question"])
    result = {"predictions": {uri: outputs(mlflow.pyfunc.load_model(uri).predict(given)) for uri in job["uris"]}}
    result["onnx"] = by_onnx_flavor(job["uris"][0], given)
    if "alias" in job:
        result["described"] = described(job["uris"][0])
        result["version"] = version_of(job["name"], job["alias"])
    return result


with open(sys.argv[2]) as file:
    jobs = json.load(file)
mlflow.set_tracking_uri(sys.argv[1])
with tempfile.TemporaryDirectory() as downloads:
    tempfile.tempdir = downloads
    print(json.dumps([answer(job) for job in jobs]))
