"""Prints all that MlflowClient sees of a store as JSON, where the store is as ROOT: two stores that are equal print the same.

Floats are the hexadecimal digits of their 64 bits, files the digests of what is downloaded.
"""

import hashlib
import json
import os
import struct
import sys
import tempfile
from urllib.parse import unquote

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType

uri, root = sys.argv[1], sys.argv[2]
mlflow.set_tracking_uri(uri)
client = MlflowClient(tracking_uri=uri, registry_uri=uri)


def bits(value):
    return "7ff8000000000000" if value != value else struct.pack(">d", value).hex()


def place(text):
    """A location without what is this store's own."""
    return text and unquote(text).replace("file://", "").replace("mlflow-artifacts:", root).replace(root, "ROOT")


def everything(search, **options):
    """All pages."""
    token = None
    while True:
        page = search(page_token=token, **options)
        yield from page
        token = page.token
        if not token:
            return


def files(location):
    """What is below a location, by path."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            top = mlflow.artifacts.download_artifacts(artifact_uri=location, dst_path=directory)
        except (OSError, mlflow.exceptions.MlflowException):
            # Nothing was ever written.
            return {}
        found = {}
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, top)] = hashlib.sha256(file.read()).hexdigest()
        return found


def run_dict(run):
    run_id = run.info.run_id
    run = client.get_run(run_id)
    return {
        "id": run_id,
        "name": run.info.run_name,
        "userId": run.info.user_id,
        "status": run.info.status,
        "startTime": run.info.start_time,
        "endTime": run.info.end_time,
        "lifecycleStage": run.info.lifecycle_stage,
        "artifactUri": place(run.info.artifact_uri),
        "params": run.data.params,
        "tags": run.data.tags,
        "latest": {key: bits(value) for key, value in run.data.metrics.items()},
        "histories": {
            key: [[metric.step, metric.timestamp, bits(metric.value)] for metric in client.get_metric_history(run_id, key)]
            for key in run.data.metrics
        },
        "datasets": sorted(
            [
                each.dataset.name,
                each.dataset.digest,
                each.dataset.source_type,
                each.dataset.source,
                each.dataset.schema,
                each.dataset.profile,
                {tag.key: tag.value for tag in each.tags},
            ]
            for each in run.inputs.dataset_inputs
        ),
        "modelInputs": sorted(each.model_id for each in run.inputs.model_inputs),
        "modelOutputs": sorted([each.model_id, each.step] for each in run.outputs.model_outputs),
        "files": files(run.info.artifact_uri),
    }


def logged_model_dict(model):
    model = client.get_logged_model(model.model_id)
    return {
        "id": model.model_id,
        "name": model.name,
        "sourceRunId": model.source_run_id,
        "modelType": model.model_type,
        "artifactLocation": place(model.artifact_location),
        "status": model.status.value,
        "creationTime": model.creation_timestamp,
        "lastUpdateTime": model.last_updated_timestamp,
        "params": model.params,
        "tags": model.tags,
        "metrics": sorted(
            [
                metric.key,
                metric.step,
                metric.timestamp,
                bits(metric.value),
                metric.dataset_name or "",
                metric.dataset_digest or "",
            ]
            for metric in model.metrics or []
        ),
        "files": files(model.artifact_location),
    }


def experiment_dict(experiment):
    ids = [experiment.experiment_id]
    runs = everything(client.search_runs, experiment_ids=ids, run_view_type=ViewType.ALL)
    models = everything(client.search_logged_models, experiment_ids=ids)
    return {
        "id": experiment.experiment_id,
        "name": experiment.name,
        "lifecycleStage": experiment.lifecycle_stage,
        "artifactLocation": place(experiment.artifact_location),
        "creationTime": experiment.creation_time,
        "tags": experiment.tags,
        "runs": {run.info.run_id: run_dict(run) for run in runs},
        "models": {model.model_id: logged_model_dict(model) for model in models},
    }


def version_dict(name, listed):
    version = client.get_model_version(name, listed.version)
    return {
        "version": int(version.version),
        "source": place(version.source),
        "runId": version.run_id,
        "modelId": version.model_id,
        "description": version.description,
        "stage": version.current_stage,
        "status": version.status,
        "creationTime": version.creation_timestamp,
        "lastUpdateTime": version.last_updated_timestamp,
        "tags": version.tags,
        "aliases": sorted(version.aliases),
        "downloadUri": place(client.get_model_version_download_uri(name, version.version)),
    }


def model_dict(model):
    model = client.get_registered_model(model.name)
    quoted = model.name.replace("'", "\\'")
    versions = everything(client.search_model_versions, filter_string=f"name = '{quoted}'")
    return {
        "description": model.description,
        "creationTime": model.creation_timestamp,
        "lastUpdateTime": model.last_updated_timestamp,
        "tags": model.tags,
        "aliases": {alias: int(version) for alias, version in model.aliases.items()},
        "byAlias": {alias: int(client.get_model_version_by_alias(model.name, alias).version) for alias in model.aliases},
        "versions": {version.version: version_dict(model.name, version) for version in versions},
    }


print(
    json.dumps(
        {
            "experiments": {
                each.name: experiment_dict(each) for each in everything(client.search_experiments, view_type=ViewType.ALL)
            },
            "models": {each.name: model_dict(each) for each in everything(client.search_registered_models)},
        }
    )
)
