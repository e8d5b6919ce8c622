"""Prints what MlflowClient sees of a run as JSON; floats as the hexadecimal digits of their 64 bits."""

import json
import struct
import sys

import mlflow.data
from mlflow import MlflowClient
from mlflow.entities import ViewType

uri, run_id = sys.argv[1], sys.argv[2]
client = MlflowClient(uri)


def bits(value):
    return struct.pack(">d", value).hex()


run = client.get_run(run_id)
experiment = client.get_experiment(run.info.experiment_id)
found = client.search_runs([run.info.experiment_id], run_view_type=ViewType.ALL, max_results=1000)


def files_below(path):
    for entry in client.list_artifacts(run_id, path):
        if entry.is_dir:
            yield from files_below(entry.path)
        else:
            yield [entry.path, entry.file_size]


print(
    json.dumps(
        {
            "experiment": {
                "id": experiment.experiment_id,
                "name": experiment.name,
                "lifecycleStage": experiment.lifecycle_stage,
                "artifactLocation": experiment.artifact_location,
                "creationTime": experiment.creation_time,
                "tags": experiment.tags,
            },
            "info": {
                "id": run.info.run_id,
                "name": run.info.run_name,
                "userId": run.info.user_id,
                "status": run.info.status,
                "startTime": run.info.start_time,
                "endTime": run.info.end_time,
                "lifecycleStage": run.info.lifecycle_stage,
                "artifactUri": run.info.artifact_uri,
            },
            "params": run.data.params,
            "tags": run.data.tags,
            "metrics": {key: bits(value) for key, value in run.data.metrics.items()},
            "histories": {
                key: [[metric.timestamp, bits(metric.value), metric.step] for metric in client.get_metric_history(run_id, key)]
                for key in run.data.metrics
            },
            "inputs": [
                {
                    "name": each.dataset.name,
                    "digest": each.dataset.digest,
                    "sourceType": each.dataset.source_type,
                    "source": each.dataset.source,
                    "schema": each.dataset.schema,
                    "profile": each.dataset.profile,
                    "tags": {tag.key: tag.value for tag in each.tags},
                    "resolvedSource": mlflow.data.get_source(each).to_dict(),
                }
                for each in run.inputs.dataset_inputs
            ],
            "artifacts": sorted(files_below(None)),
            "foundBySearch": sorted(each.info.run_id for each in found),
        }
    )
)
