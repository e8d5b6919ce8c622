"""A store with deleted things in it: `make` writes one, `read` tells what Python finds in it, `collect` lets MLflow delete for good."""

import json
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType

what, store = sys.argv[1:]
mlflow.set_tracking_uri(store)
client = MlflowClient()


def run(experiment_id):
    entity = client.create_run(experiment_id)
    client.log_metric(entity.info.run_id, "loss", 0.5)
    client.log_text(entity.info.run_id, "hello", "notes/a.txt")
    return entity.info.run_id


if what == "make":
    kept, gone = client.create_experiment("kept"), client.create_experiment("gone")
    ids = {"active": run(kept), "deleted": run(kept), "used": run(kept), "inGone": run(gone)}
    model = client.create_logged_model(kept, name="model", source_run_id=ids["active"])
    client.create_registered_model("digits")
    client.create_model_version("digits", f"runs:/{ids['used']}/notes", run_id=ids["used"])
    client.delete_run(ids["deleted"])
    client.delete_run(ids["used"])
    client.delete_logged_model(model.model_id)
    client.delete_experiment(gone)
    print(json.dumps({**ids, "model": model.model_id, "kept": kept, "gone": gone}))
else:
    experiments = client.search_experiments(view_type=ViewType.ALL)
    ids = [experiment.experiment_id for experiment in experiments]
    runs = client.search_runs(ids, run_view_type=ViewType.ALL)
    print(
        json.dumps(
            {
                "experiments": sorted(experiment.name for experiment in experiments),
                "runs": {run.info.run_id: run.info.lifecycle_stage for run in runs},
                "losses": [client.get_metric_history(run.info.run_id, "loss")[0].value for run in runs],
                "files": [client.list_artifacts(run.info.run_id, "notes")[0].path for run in runs],
                "models": len(client.search_logged_models(ids)),
                "versions": [version.run_id for version in client.search_model_versions("name = 'digits'")],
            }
        )
    )
