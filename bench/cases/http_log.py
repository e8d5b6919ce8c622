"""Python MLflow's fluent log_metric: each value sent before the next, or asynchronously until all are at the server."""

import json
import os
import sys
import time

import mlflow

variant, count, address = sys.argv[1], int(sys.argv[2]), sys.argv[3]
mlflow.set_tracking_uri(address)
values = [0.123456789012345 + i * 1e-7 for i in range(count)]
with mlflow.start_run():
    begun = time.perf_counter()
    for step, value in enumerate(values):
        mlflow.log_metric("loss", value, step=step, synchronous=variant == "sync")
    if variant == "async":
        mlflow.flush_async_logging()
    elapsed = time.perf_counter() - begun
print(json.dumps({"valuesPerSecond": count / elapsed}))
sys.stdout.flush()
# The threads of asynchronous logging would otherwise take their time.
os._exit(0)
