"""Logs a table and images into a run, as MLflow does it."""

import json
import sys

import mlflow
import numpy as np
from mlflow import MlflowClient

uri, run_id, table_path = sys.argv[1:4]
mlflow.set_tracking_uri(uri)
client = MlflowClient(uri)
floats = np.linspace(0, 1, 32 * 16, dtype=np.float32).reshape(16, 32)
wide = np.linspace(-3, 7, 32 * 16, dtype=np.float32).reshape(16, 32)
client.log_image(run_id, floats, key="python/floats", step=2)
client.log_image(run_id, wide, key="python/wide", step=2)
data = {"text": ["from python"], "id": [9007199254740993], "image": [mlflow.Image(np.zeros((4, 4), dtype=np.uint8))]}
client.log_table(run_id, data, table_path)
print(json.dumps({"floats": floats.flatten().tolist(), "wide": wide.flatten().tolist()}))
