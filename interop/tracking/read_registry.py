"""What MLflow's own client finds of a registered model by its alias: run as `read_registry.py MODEL ALIAS`, prints JSON."""

import json
import pathlib
import sys
import tempfile

import mlflow
from mlflow.tracking import MlflowClient

model, alias = sys.argv[1:]
client = MlflowClient()
found = client.get_model_version_by_alias(model, alias)
with tempfile.TemporaryDirectory() as folder:
    root = pathlib.Path(mlflow.artifacts.download_artifacts(f"models:/{model}@{alias}", dst_path=folder))
    files = {str(p.relative_to(root)): p.read_text() for p in root.rglob("*") if p.is_file()}
run = client.get_run(found.run_id).data.tags if found.run_id else None
print(json.dumps({"version": str(found.version), "status": found.status, "tags": found.tags, "run": run, "files": files}))
