"""Registered models by Python MLflow: `write URI ONNX_FILE` makes some, `read URI MODEL_URI…` looks at what others have made."""

import hashlib
import json
import sys
from pathlib import Path

import mlflow
import numpy as np
import onnx
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository

action, uri, *rest = sys.argv[1:]
mlflow.set_tracking_uri(uri)
client = mlflow.MlflowClient()


def digests(directory):
    files = (path for path in Path(directory).rglob("*") if path.is_file() and path.name != "registered_model_meta")
    return {path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def version_dict(version):
    return {
        "name": version.name,
        "version": int(version.version),
        "source": version.source,
        "status": version.status,
        "runId": version.run_id,
        "modelId": version.model_id,
        "description": version.description,
        "tags": version.tags,
        "aliases": sorted(version.aliases),
    }


def read(model_uri):
    directory = mlflow.artifacts.download_artifacts(model_uri, dst_path=f"down-{abs(hash(model_uri))}")
    files = digests(directory)
    prediction = mlflow.pyfunc.load_model(model_uri).predict(np.array([[1, 2, 3, 4]], dtype=np.float32))
    [output] = prediction.values() if isinstance(prediction, dict) else [prediction]
    answer = {"files": files, "prediction": np.asarray(output).tolist()}
    if not model_uri.startswith("models:/m-") and model_uri.startswith("models:/"):
        name, version, _ = ModelsArtifactRepository._get_model_uri_infos(model_uri)
        answer["version"] = version_dict(client.get_model_version(name, version))
    return answer


def write(onnx_file):
    mlflow.set_experiment("by Python")
    model = onnx.load(onnx_file)
    given = np.array([[1, 2, 3, 4]], dtype=np.float32)
    signature = mlflow.models.infer_signature(given, given[:, :2])
    with mlflow.start_run() as run:
        info = mlflow.onnx.log_model(
            model, name="net", registered_model_name="by Python", signature=signature, pip_requirements=["onnx"]
        )
        mlflow.onnx.save_model(model, "saved", signature=signature, pip_requirements=["onnx"])
        mlflow.log_artifacts("saved", "old way/model")
    run_id = run.info.run_id
    second = mlflow.register_model(f"runs:/{run_id}/old way/model", "by Python")
    client.set_registered_model_alias("by Python", "champion", "1")
    client.transition_model_version_stage("by Python", "2", "Production")
    copy = client.copy_model_version("models:/by Python/1", "copied by Python")
    return {
        "runId": run_id,
        "modelId": info.model_id,
        "logged": digests(mlflow.artifacts.download_artifacts(f"models:/{info.model_id}")),
        "saved": digests("saved"),
        "artifactUri": run.info.artifact_uri,
        "versions": [version_dict(client.get_model_version(v.name, v.version)) for v in (second, copy)],
    }


print(json.dumps(write(*rest) if action == "write" else {model_uri: read(model_uri) for model_uri in rest}))
