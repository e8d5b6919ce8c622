"""Writes a registry and a logged model as Python MLflow does, or reads one: `write URI`, `read URI MODEL LOGGED_MODEL`."""

import json
import sys

from mlflow import MlflowClient
from mlflow.entities import LoggedModelInput, LoggedModelOutput, LoggedModelStatus

action, uri = sys.argv[1:3]
client = MlflowClient(tracking_uri=uri, registry_uri=uri)


def model_dict(model):
    return {
        "name": model.name,
        "description": model.description,
        "creationTime": model.creation_timestamp,
        "lastUpdateTime": model.last_updated_timestamp,
        "tags": model.tags,
        "aliases": {alias: int(version) for alias, version in model.aliases.items()},
    }


def version_dict(version):
    return {
        "name": version.name,
        "version": int(version.version),
        "source": version.source,
        "runId": version.run_id,
        "description": version.description,
        "stage": version.current_stage,
        "status": version.status,
        "creationTime": version.creation_timestamp,
        "lastUpdateTime": version.last_updated_timestamp,
        "tags": version.tags,
        "aliases": sorted(version.aliases),
    }


def logged_model_dict(model):
    return {
        "id": model.model_id,
        "name": model.name,
        "experimentId": model.experiment_id,
        "sourceRunId": model.source_run_id,
        "modelType": model.model_type,
        "artifactLocation": model.artifact_location,
        "status": model.status.value,
        "creationTime": model.creation_timestamp,
        "lastUpdateTime": model.last_updated_timestamp,
        "params": model.params,
        "tags": model.tags,
        "metrics": [
            {
                "key": metric.key,
                "value": metric.value,
                "step": metric.step,
                "timestamp": metric.timestamp,
                "runId": metric.run_id,
                "datasetName": metric.dataset_name,
                "datasetDigest": metric.dataset_digest,
            }
            for metric in model.metrics
        ],
    }


def links_dict(run):
    return {
        "inputs": [model.model_id for model in run.inputs.model_inputs],
        "outputs": [{"modelId": model.model_id, "step": model.step} for model in run.outputs.model_outputs],
    }


if action == "write":
    experiment_id = client.create_experiment("registry from Python")
    run = client.create_run(experiment_id)
    client.create_registered_model("from python", {"a": "x\ny", "b/c": ""}, "# text: 'quoted'")
    for number in range(3):
        client.create_model_version("from python", f"s3://models/{number}", run.info.run_id, {"n": str(number)})
    client.set_registered_model_alias("from python", "champion", "2")
    client.transition_model_version_stage("from python", "2", "Production")
    client.delete_model_version("from python", "3")
    model = client.create_logged_model(
        experiment_id, name="logged", source_run_id=run.info.run_id, tags={"a": "b"}, params={"p": "1"}, model_type="x"
    )
    client.log_metric(run.info.run_id, "loss", 0.5, step=1, model_id=model.model_id)
    client.log_metric(
        run.info.run_id, "loss", 0.25, step=2, model_id=model.model_id, dataset_name="d", dataset_digest="e"
    )
    client.log_outputs(run.info.run_id, [LoggedModelOutput(model.model_id, step=3)])
    client.log_inputs(run.info.run_id, models=[LoggedModelInput(model.model_id)])
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    name, model_id = "from python", model.model_id
else:
    name, model_id = sys.argv[3:5]

logged_model = client.get_logged_model(model_id)
print(
    json.dumps({
        "model": model_dict(client.get_registered_model(name)),
        "versions": [
            version_dict(version)
            for version in client.search_model_versions(f"name = '{name}'", order_by=["version_number ASC"])
        ],
        "loggedModel": logged_model_dict(logged_model),
        "links": links_dict(client.get_run(logged_model.source_run_id)),
        "champion": client.get_model_version_by_alias(name, "champion").version,
        "downloadUri": client.get_model_version_download_uri(name, "1"),
    })
)
