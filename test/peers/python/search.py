"""Answers searches over a store as Python MLflow does: ids in order, or null where it refuses the expression."""

import json
import sys
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import ViewType

uri, experiment_id, queries_file = sys.argv[1:4]
client = MlflowClient(tracking_uri=uri, registry_uri=uri)


def runs(query):
    found = client.search_runs(
        [experiment_id], query.get("filter") or "", ViewType.ALL, 1000, query.get("orderBy") or []
    )
    return [run.info.run_id for run in found]


def experiments(query):
    found = client.search_experiments(ViewType.ALL, 1000, query.get("filter"), query.get("orderBy"))
    return [experiment.experiment_id for experiment in found]


def models(query):
    found = client.search_registered_models(query.get("filter"), 1000, query.get("orderBy"))
    return [model.name for model in found]


def versions(query):
    found = client.search_model_versions(query.get("filter"), 1000, query.get("orderBy"))
    return [f"{version.name}/{version.version}" for version in found]


def logged_models(query):
    order = [
        {
            key: value
            for key, value in {
                "field_name": each.get("fieldName"),
                "ascending": each.get("ascending"),
                "dataset_name": each.get("datasetName"),
                "dataset_digest": each.get("datasetDigest"),
            }.items()
            if value is not None
        }
        for each in query.get("orderBy") or []
    ]
    datasets = [
        {"dataset_name": each["datasetName"], "dataset_digest": each.get("datasetDigest")}
        for each in query.get("datasets") or []
    ]
    found = client.search_logged_models(
        experiment_ids=[experiment_id],
        filter_string=query.get("filter"),
        datasets=datasets or None,
        max_results=1000,
        order_by=order or None,
    )
    return [model.model_id for model in found]


def answer(search, query):
    try:
        return search(query)
    except Exception:
        return None


search = {
    "runs": runs,
    "experiments": experiments,
    "models": models,
    "versions": versions,
    "logged_models": logged_models,
}
queries = json.loads(Path(queries_file).read_text(encoding="utf-8"))
print(json.dumps([answer(search[query["entity"]], query) for query in queries]))
