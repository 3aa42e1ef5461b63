"""What MLflow's own client finds of experiments: run as `read_mlflow.py EXPERIMENT…`, prints their runs as JSON."""

import json
import sys

import mlflow
from mlflow.tracking import MlflowClient

client = MlflowClient()


def artifacts_of(run_id, path=None):
    for found in client.list_artifacts(run_id, path):
        if found.is_dir:
            yield from artifacts_of(run_id, found.path)
        else:
            yield found.path, mlflow.artifacts.load_text(f"runs:/{run_id}/{found.path}")


def describe(run):
    run_id = run.info.run_id
    return {
        "id": run_id,
        "name": run.info.run_name,
        "status": run.info.status,
        "start": run.info.start_time,
        "end": run.info.end_time,
        "params": run.data.params,
        "tags": run.data.tags,
        "metrics": {
            name: [[p.step, p.timestamp, repr(p.value)] for p in client.get_metric_history(run_id, name)]
            for name in run.data.metrics
        },
        "artifacts": dict(artifacts_of(run_id)),
        "data": [
            {
                "name": found.dataset.name,
                "digest": found.dataset.digest,
                "context": {tag.key: tag.value for tag in found.tags}.get("mlflow.data.context"),
                "source": mlflow.data.get_source(found.dataset).uri,
                "schema": json.loads(found.dataset.schema) if found.dataset.schema else None,
                "profile": json.loads(found.dataset.profile) if found.dataset.profile else None,
            }
            for found in run.inputs.dataset_inputs
        ],
        "models": [
            {
                "name": model.name,
                "status": str(model.status),
                "tags": model.tags,
                "files": sorted(f.path for f in client.list_logged_model_artifacts(model.model_id)),
            }
            for model in (client.get_logged_model(output.model_id) for output in run.outputs.model_outputs)
        ]
        if run.outputs
        else [],
    }


def runs_of(name):
    experiment = client.get_experiment_by_name(name)
    return client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])


print(json.dumps({name: [describe(run) for run in runs_of(name)] for name in sys.argv[1:]}))
