"""What W&B's own reader finds in a `.wandb` file: run as `read_wandb.py FILE`, prints JSON."""

import json
import sys

from wandb.proto import wandb_internal_pb2
from wandb.sdk.internal.datastore import DataStore

store = DataStore()
store.open_for_scan(sys.argv[1])
found = {"run": None, "config": {}, "history": [], "summary": {}, "files": [], "exit": None, "numbers": []}


def put(into, item):
    *path, last = list(item.nested_key) or [item.key]
    for part in path:
        into = into.setdefault(part, {})
    # NaN as text: JSON for JavaScript has none.
    value = json.loads(item.value_json, parse_constant=str)
    into[last] = value


while True:
    data = store.scan_data()
    if data is None:
        break
    record = wandb_internal_pb2.Record()
    record.ParseFromString(data)
    found["numbers"].append(record.num)
    kind = record.WhichOneof("record_type")
    if kind == "run":
        run = record.run
        found["run"] = {
            "id": run.run_id,
            "project": run.project,
            "entity": run.entity,
            "name": run.display_name,
            "group": run.run_group,
            "resumed": run.resumed,
            "start": run.start_time.seconds * 1000 + run.start_time.nanos // 1_000_000,
        }
        for item in run.config.update:
            put(found["config"], item)
    elif kind == "config":
        for item in record.config.update:
            put(found["config"], item)
    elif kind == "history":
        row = {}
        for item in record.history.item:
            put(row, item)
        assert row["_step"] == record.history.step.num
        found["history"].append(row)
    elif kind == "summary":
        for item in record.summary.update:
            put(found["summary"], item)
    elif kind == "files":
        found["files"] += [file.path for file in record.files.files]
    elif kind == "exit":
        found["exit"] = record.exit.exit_code

print(json.dumps(found))
