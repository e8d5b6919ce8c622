"""Python MLflow's FileStore: values of 10 keys by log_batch of 1,000 or by log_metric."""

import json
import os
import sys
import tempfile
import time

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import Metric  # noqa: E402

variant, count = sys.argv[1], int(sys.argv[2])
with tempfile.TemporaryDirectory() as directory:
    client = MlflowClient(f"file:{directory}")
    run_id = client.create_run(client.create_experiment("bench")).info.run_id
    values = [0.123456789012345 + i * 1e-7 for i in range(count)]
    begun = time.perf_counter()
    if variant == "log_batch":
        for start in range(0, count, 1000):
            now = int(time.time() * 1000)
            client.log_batch(
                run_id,
                [Metric(f"metric_{i % 10}", values[i], now, i // 10) for i in range(start, min(count, start + 1000))],
            )
    else:
        for i in range(count):
            client.log_metric(run_id, f"metric_{i % 10}", values[i], step=i // 10)
    elapsed = time.perf_counter() - begun
print(json.dumps({"valuesPerSecond": count / elapsed}))
