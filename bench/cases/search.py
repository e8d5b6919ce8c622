"""The same search with Python MLflow's FileStore, after imports."""

import json
import os
import sys
import time

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
from mlflow import MlflowClient  # noqa: E402

directory, experiment_id = sys.argv[3], sys.argv[4]
client = MlflowClient(tracking_uri=f"file://{directory}", registry_uri=f"file://{directory}")
client.get_experiment(experiment_id)
begun = time.perf_counter()
found = client.search_runs(
    [experiment_id],
    "metrics.metric_0 > 0.25 AND params.param_1 != '3' AND tags.tag_2 LIKE 'value%'",
    max_results=1_000,
    order_by=["metrics.metric_1 DESC"],
)
elapsed_ms = (time.perf_counter() - begun) * 1_000
print(json.dumps({"found": len(found), "elapsedMs": elapsed_ms}))
