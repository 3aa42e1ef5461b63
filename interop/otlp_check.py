"""Reads bodies of OTLP's JSON, [{"path": …, "body": …}] on standard input, by the official schema, strictly: a field that it does not know fails.
Prints how many spans and points there were."""

import base64
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

IDS = {"traceId": 16, "spanId": 8, "parentSpanId": 8}


def with_bytes(value):
    """OTLP writes ids in hexadecimal digits, and protobuf's own JSON in base64."""
    if isinstance(value, list):
        return [with_bytes(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for key, one in value.items():
        if key in IDS:
            raw = bytes.fromhex(one)
            assert len(raw) == IDS[key] and any(raw), (key, one)
            made[key] = base64.b64encode(raw).decode()
        else:
            made[key] = with_bytes(one)
    return made


spans = points = 0
for sent in json.load(sys.stdin):
    body = with_bytes(json.loads(sent["body"]))
    if sent["path"] == "/v1/traces":
        read = json_format.ParseDict(body, ExportTraceServiceRequest())
        for span in (s for r in read.resource_spans for scope in r.scope_spans for s in scope.spans):
            assert span.end_time_unix_nano >= span.start_time_unix_nano > 0, span
            spans += 1
    else:
        read = json_format.ParseDict(body, ExportMetricsServiceRequest())
        for metric in (m for r in read.resource_metrics for scope in r.scope_metrics for m in scope.metrics):
            for point in metric.histogram.data_points:
                assert len(point.bucket_counts) == len(point.explicit_bounds) + 1, point
                assert sum(point.bucket_counts) == point.count, point
            points += len(metric.histogram.data_points) + len(metric.sum.data_points)
print(json.dumps({"spans": spans, "points": points}))
