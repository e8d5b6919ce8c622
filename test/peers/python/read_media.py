"""Prints the tables and images that MLflow sees in a run: the table as it loads it, every image's path, size and pixels."""

import json
import sys

import mlflow
import numpy as np
from mlflow import MlflowClient
from PIL import Image

uri, run_id, table_path = sys.argv[1:4]
mlflow.set_tracking_uri(uri)
client = MlflowClient(uri)
run = client.get_run(run_id)
table = client.load_table(run.info.experiment_id, table_path, run_ids=[run_id])


def files_below(path):
    for entry in client.list_artifacts(run_id, path):
        if entry.is_dir:
            yield from files_below(entry.path)
        else:
            yield entry.path


def image(path):
    with Image.open(client.download_artifacts(run_id, path)) as opened:
        opened.load()
        pixels = np.asarray(opened)
        return {"mode": opened.mode, "size": opened.size, "pixels": pixels.flatten().tolist()[:4096]}


images = [path for path in files_below(None) if path.endswith((".png", ".webp"))]
print(
    json.dumps(
        {
            "columns": list(table.columns),
            "rows": json.loads(table.to_json(orient="values", double_precision=15)),
            "images": {path: image(path) for path in images},
            "tags": {key: value for key, value in run.data.tags.items() if "logged" in key},
        }
    )
)
