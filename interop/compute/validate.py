"""Holds requests to AWS's own model of its API, and manifests to the schemas of Kubernetes. Reads JSON from stdin; prints problems as JSON."""

import json
import sys

import botocore.loaders
import botocore.model
import botocore.validate
import kubernetes_validate


def batch(requests):
    loader = botocore.loaders.Loader()
    model = botocore.model.ServiceModel(loader.load_service_model("batch", "service-2"))
    names = {name.lower(): name for name in model.operation_names}
    problems = []
    for request in requests:
        operation = model.operation_model(names[request["action"].lower()])
        report = botocore.validate.ParamValidator().validate(request["body"], operation.input_shape)
        unknown = sorted(set(request["body"]) - set(operation.input_shape.members))
        if report.has_errors() or unknown:
            problems.append({"action": operation.name, "problem": report.generate_report(), "unknown": unknown})
    return problems


def kubernetes(manifests):
    problems = []
    for version in ("1.28.0", kubernetes_validate.latest_version()):
        for manifest in manifests:
            try:
                kubernetes_validate.validate(manifest, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                problems.append({"version": version, "problem": str(error)})
    return problems


given = json.load(sys.stdin)
print(json.dumps({"batch": batch(given.get("batch", [])), "kubernetes": kubernetes(given.get("kubernetes", []))}))
