"""Writes a run with everything MLflow's file store can hold, and prints what it wrote as JSON."""

import json
import struct
import sys

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

uri = sys.argv[1]
mlflow.set_tracking_uri(uri)
client = MlflowClient(uri)


def bits(value):
    return struct.pack(">d", value).hex()


experiment_id = client.create_experiment('von Python: 名前 #1 "quoted": 100 %', tags={"team": "vision"})
run = client.create_run(experiment_id, start_time=1_700_000_000_123, run_name="null", tags={"a/b": "slash", "mlflow.note.content": "# hi"})
run_id = run.info.run_id
values = [0.1, 1.0, -0.0, 1e16, 1e-7, 5e-324, 1.7976931348623157e308, float("nan"), float("inf"), float("-inf"), 1 / 3, 123456789.123]
keys = ["loss", "train/acc", "ключ", "名前 с пробелом", "k" * 250, "a.b-c_d:e"]
for index, key in enumerate(keys):
    client.log_batch(
        run_id, metrics=[Metric(key, value, 1_700_000_000_000 + i, i - 3) for i, value in enumerate(values[index:] + values[:index])]
    )
params = {"lr": "0.1", "opt/name": "adam", "ключ": "значение 名前", "empty": "", "lines": "one\ntwo", "long": "x" * 6000}
client.log_batch(run_id, params=[Param(key, value) for key, value in params.items()])
client.log_batch(run_id, tags=[RunTag("multi", "line one\nline two\n"), RunTag("emoji", "🎯"), RunTag("yaml", "yes")])
with mlflow.start_run(run_id=run_id):
    mlflow.log_input(
        mlflow.data.from_numpy(np.zeros((3, 2)), name="train set", source="s3://bucket/x.npy"), context="training"
    )
    mlflow.log_dict({"a": 1}, "nested/dict.json")
    mlflow.log_text("hällo", "text.txt")
run = client.get_run(run_id)
dataset = run.inputs.dataset_inputs[0].dataset
print(
    json.dumps(
        {
            "experimentId": experiment_id,
            "experimentName": client.get_experiment(experiment_id).name,
            "runId": run_id,
            "userId": run.info.user_id,
            "endTime": run.info.end_time,
            "params": params,
            "tags": run.data.tags,
            "metrics": {key: bits(value) for key, value in run.data.metrics.items()},
            "histories": {
                key: [[m.timestamp, bits(m.value), m.step] for m in client.get_metric_history(run_id, key)] for key in keys
            },
            "dataset": {
                "name": dataset.name,
                "digest": dataset.digest,
                "sourceType": dataset.source_type,
                "source": dataset.source,
                "schema": dataset.schema,
                "profile": dataset.profile,
            },
        }
    )
)
