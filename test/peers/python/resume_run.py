"""Logs on into a run that Tidemark wrote: the two take turns."""

import sys

import mlflow

uri, run_id = sys.argv[1], sys.argv[2]
mlflow.set_tracking_uri(uri)
with mlflow.start_run(run_id=run_id):
    mlflow.log_metric("loss", 0.5, step=100)
    mlflow.log_param("from_python", "yes")
    mlflow.set_tag("from", "python")
