"""Python MLflow's FileStore: get_metric_history of the run the runner names."""

import json
import os
import sys
import time

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
from mlflow import MlflowClient  # noqa: E402

directory, run_id = sys.argv[3], sys.argv[4]
client = MlflowClient(f"file:{directory}")
begun = time.perf_counter()
points = len(client.get_metric_history(run_id, "loss"))
elapsed = time.perf_counter() - begun
print(json.dumps({"pointsPerSecond": points / elapsed, "points": points, "elapsedMs": elapsed * 1000}))
