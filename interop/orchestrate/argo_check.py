"""Reads manifests of Argo Workflows with Hera's models, which are made from Argo's own schema, and says what does not fit them."""

import json
import sys

from hera.workflows.models import CronWorkflow, WorkflowTemplate

MODELS = {"WorkflowTemplate": WorkflowTemplate, "CronWorkflow": CronWorkflow}


def differences(given, kept, place):
    """What the models took away or changed: a field that they do not know is lost on the way."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for name in given:
            if name not in kept:
                yield f"{place}.{name} is unknown"
            else:
                yield from differences(given[name], kept[name], f"{place}.{name}")
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for i, (one, other) in enumerate(zip(given, kept)):
            yield from differences(one, other, f"{place}[{i}]")
    elif given != kept:
        yield f"{place} is {kept!r}, not {given!r}"


problems = []
for manifest in json.load(sys.stdin):
    model = MODELS[manifest["kind"]].model_validate(manifest)
    kept = json.loads(model.model_dump_json(by_alias=True, exclude_unset=True))
    problems += differences(manifest, kept, manifest["kind"])
print(json.dumps(problems))
