"""fakesnow's server, made to answer Snowflake's SDK for Node, and to do a little more of what Snowflake does.

fakesnow answers in Arrow; the SDK for Node reads rows as JSON, asks for results by their id, and sends telemetry. Beside
that: the user's own stage (@~), the places of FLATTEN, $1 … in COPY INTO from CSV, "" as the empty text in CSV, ALTER SESSION SET, SWAP WITH,
REMOVE, and cancelling. Usage: fakesnow_server.py PORT
"""

import datetime
import decimal
import gzip
import json
import re
import shutil
import sys

import fakesnow.copy_into as copy_into
import fakesnow.macros as macros
import fakesnow.server as fs
import fakesnow.transforms.stage as stage
import pyarrow as pa
import uvicorn
from sqlglot import exp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

EPOCH = datetime.datetime(1970, 1, 1)
results = {}
running = {}
OWN_STAGE = "SMALLBOAT_OWN_STAGE"


def own_stage_dir(path=""):
    import os

    root = f"{stage.LOCAL_BUCKET_PATH}/own"
    directory = os.path.normpath(f"{root}/{path}")
    assert directory.startswith(root)
    os.makedirs(directory, exist_ok=True)
    return directory


# The stage is the same whatever schema one is in.
plain_internal_dir = stage.internal_dir


def internal_dir(fqname, path=""):
    if fqname.endswith(f".{OWN_STAGE}"):
        return own_stage_dir(path) + "/"
    return plain_internal_dir(fqname, path)


stage.internal_dir = internal_dir

# It is there without having been made, which would be a write in the session's transaction.
plain_lookup = stage.stage_lookup_sql
plain_url = copy_into.stage_url_from_var


def stage_lookup_sql(catalog, schema, name, table_stages):
    if name == OWN_STAGE:
        return f"SELECT 'a.b.{OWN_STAGE}' AS storage_name"
    return plain_lookup(catalog, schema, name, table_stages)


def stage_url_from_var(var, *rest):
    name, _, path = var.partition("/")
    return own_stage_dir(path) + "/" if name == OWN_STAGE else plain_url(var, *rest)


stage.stage_lookup_sql = stage_lookup_sql
copy_into.stage_url_from_var = stage_url_from_var
fs.gcs_stage_info = lambda request, expr, data: data["stageInfo"]  # files are put by copying


# FLATTEN numbers the elements in whatever order they come; the place goes with the element.
macros.FS_FLATTEN.template = (
    macros.FS_FLATTEN.template.replace("(row_number() OVER () - 1)", "e.i")
    .replace("e(k, v)", "e(k, v, i)")
    .replace("v := CAST(TO_JSON(input) -> x AS JSON)", "v := CAST(TO_JSON(input) -> x AS JSON), i := NULL::BIGINT")
    .replace("lambda x: struct_pack(k := NULL::VARCHAR, v := x)", "lambda x, i: struct_pack(k := NULL::VARCHAR, v := x, i := i - 1)")
)


# 1.5 as a value for ? comes as REAL, which fakesnow takes for a text.
plain_from_binding = fs.from_binding
fs.from_binding = lambda b: float(b["value"]) if b["type"] == "REAL" and b["value"] is not None else plain_from_binding(b)


# COPY INTO t FROM (SELECT $1, PARSE_JSON($2) FROM @stage): fakesnow knows $1:field of Parquet only.
def columns_of_csv(select):
    count = max((int(p.name) for p in select.find_all(exp.Parameter) if p.name.isdigit()), default=0)

    def named(node):
        if isinstance(node, exp.Parameter) and node.name.isdigit():
            return exp.to_identifier(f"c{node.name}")
        if isinstance(node, exp.ParseJSON):
            return exp.Cast(this=node.this.transform(named), to=exp.DataType.build("JSON", dialect="duckdb"))
        return node

    return select.transform(named), count


plain_strip = copy_into._strip_json_extract
copy_into._strip_json_extract = lambda select: columns_of_csv(select)[0] if fields_of.count else plain_strip(select)


class fields_of:
    count = 0


class Csv(copy_into.ReadCSV):
    def read_expression(self, url):
        made = super().read_expression(url)
        made.append("expressions", self.make_eq("allow_quoted_nulls", False))
        made.append("expressions", self.make_eq("strict_mode", True))
        made.append("expressions", self.make_eq("auto_detect", False))
        names = ", ".join(f"'c{i + 1}': 'VARCHAR'" for i in range(fields_of.count))
        made.append("expressions", exp.EQ(this=exp.to_identifier("columns"), expression=exp.Var(this=f"{{{names}}}")))
        return made


copy_into.ReadCSV = Csv


def encoded(value, column):
    """A value as Snowflake's JSON rows have it."""
    if value is None:
        return None
    kind = column["type"]
    if kind == "boolean":
        return "1" if value else "0"
    if kind == "date":
        return str((value - datetime.date(1970, 1, 1)).days) if isinstance(value, datetime.date) else str(value)
    if kind.startswith("timestamp"):
        if isinstance(value, dict):
            if value.get("epoch") is None:
                return None
            zone = f" {value['timezone']}" if "timezone" in value else ""
            return f"{decimal.Decimal(value['epoch']) + decimal.Decimal(value['fraction']) / 10**9:.9f}{zone}"
        if isinstance(value, datetime.datetime):
            since = value.replace(tzinfo=None) - EPOCH
            return f"{decimal.Decimal(since.days * 86400 + since.seconds) + decimal.Decimal(since.microseconds) / 10**6:.9f}"
        return str(value)
    if kind == "fixed":
        scale = column.get("scale") or 0
        return str(decimal.Decimal(value).scaleb(-scale)) if isinstance(value, int) and scale else str(value)
    if kind == "binary":
        return value.hex().upper() if isinstance(value, (bytes, bytearray)) else str(value)
    return str(value)


def as_json(answer):
    data = answer.get("data") or {}
    if not answer.get("success"):
        return answer
    if "rowsetBase64" in data:
        import base64

        packed = data.pop("rowsetBase64")
        rows = []
        if packed:
            table = pa.ipc.open_stream(base64.b64decode(packed)).read_all()
            columns = [column.to_pylist() for column in table.columns]
            rows = [[encoded(v, c) for v, c in zip(row, data["rowtype"])] for row in zip(*columns)]
        data.update(rowset=rows, queryResultFormat="json", total=len(rows))
    if "rowset" in data:
        data.setdefault("total", len(data["rowset"]))
        data.update(returned=len(data["rowset"]), version=1)
        if data.get("queryId"):
            results[data["queryId"]] = answer
    return answer


def nothing(message="Statement executed successfully."):
    row = {"name": "status", "type": "text", "length": 100, "byteLength": 400, "nullable": True, "precision": None, "scale": None}
    data = {"rowtype": [row], "rowset": [[message]], "total": 1, "returned": 1, "version": 1, "queryResultFormat": "json"}
    return JSONResponse({"success": True, "data": {**data, "queryId": "", "statementTypeId": 4096, "parameters": []}})


async def query_request(request):
    try:
        return await answered(request)
    except Exception as error:  # a 500 would be sent again and again by the SDK
        return JSONResponse({"success": False, "code": "261000", "message": f"{type(error).__name__}: {error}", "data": {}})


async def answered(request):
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    asked = json.loads(body)
    sql = asked.get("sqlText") or ""
    connection = fs.sessions.get(fs.to_token(request))
    if re.match(r"\s*ALTER\s+SESSION\s+SET\b", sql, re.I):
        return nothing()
    if found := re.match(r"\s*REMOVE\s+'?@~/([^'\s]*)", sql, re.I):
        shutil.rmtree(own_stage_dir(found[1]), ignore_errors=True)
        return nothing()
    if found := re.match(r"\s*ALTER\s+TABLE\s+(.+?)\s+SWAP\s+WITH\s+(.+?)\s*;?\s*$", sql, re.I | re.S):
        last = lambda name: re.search(r'("(?:[^"]|"")*"|[^".\s]+)$', name)[1]
        for one in (
            f"ALTER TABLE {found[2]} RENAME TO SMALLBOAT_SWAPPED",
            f"ALTER TABLE {found[1]} RENAME TO {last(found[2])}",
            f"ALTER TABLE {re.sub(r'[^.]+$', '', found[2])}SMALLBOAT_SWAPPED RENAME TO {last(found[1])}",
        ):
            connection.cursor().execute(one)
        return nothing()
    # fakesnow's MERGE makes a temporary table, which DuckDB does not let a transaction do that writes elsewhere.
    if found := re.match(r"\s*MERGE\s+INTO\s+(\S+)\s+AS\s+(\w+)\s+USING\s+(\(.*?\)\s+AS\s+\w+)\s+ON\s+(.*?)\s+WHEN\s+NOT\s+MATCHED\s+THEN\s+INSERT\s+(\(.*?\))\s+VALUES\s+\((.*)\)\s*$", sql, re.I | re.S):
        into, name, source, on, columns, values = found.groups()
        asked["sqlText"] = f"INSERT INTO {into} {columns} SELECT {values} FROM {source} WHERE NOT EXISTS (SELECT 1 FROM {into} AS {name} WHERE {on})"
    # DuckDB keeps temporary tables in a catalogue of their own, Snowflake where their names say.
    if found := re.match(r"(\s*CREATE\s+(?:OR\s+REPLACE\s+)?)TEMP(?:ORARY)?\s+(TABLE\s+[\w\"]+\.[\w\"]+\..*)$", re.sub(r"^\s*/\*.*?\*/", "", sql, flags=re.S), re.I | re.S):
        asked["sqlText"] = found[1] + found[2]
    # Nor does it tell the columns of an INSERT in a MERGE from those of the target; DuckDB has a MERGE of its own.
    bare = re.sub(r"^\s*/\*.*?\*/", "", sql, flags=re.S)
    if re.match(r"\s*MERGE\s", bare, re.I) and re.search(r"\bWHEN\s+MATCHED\b", bare, re.I):
        connection._duck_conn.execute(bare)
        return nothing()
    if "@~/" in sql:
        asked["sqlText"] = re.sub(r"'@~/([^']*)'", rf"@{OWN_STAGE}/\1", sql)
    fields_of.count = max([int(n) for n in re.findall(r"\$(\d+)", sql)], default=0) if re.match(r"\s*COPY\s", sql, re.I) else 0
    asked_id = request.query_params.get("requestId")
    running[asked_id] = connection

    async def receive():
        return {"type": "http.request", "body": json.dumps(asked).encode(), "more_body": False}

    scope = {**request.scope, "headers": [h for h in request.scope["headers"] if h[0] != b"content-encoding"]}
    try:
        answer = await fs.query_request(Request(scope, receive))
    finally:
        running.pop(asked_id, None)
    told = json.loads(answer.body)
    return JSONResponse(as_json(told))


async def abort_request(request):
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    connection = running.get(json.loads(body).get("requestId"))
    if connection is not None:
        connection._duck_conn.interrupt()
    return JSONResponse({"success": True, "data": None})


async def result(request):
    return JSONResponse(results.get(request.path_params["id"], {"success": False, "message": "no", "code": "000710", "data": {}}))


async def telemetry(request):
    return JSONResponse({"success": True, "data": None})


OURS = ("/queries/v1/query-request", "/queries/v1/abort-request")
routes = [
    Route("/queries/v1/query-request", query_request, methods=["POST"]),
    Route("/queries/v1/abort-request", abort_request, methods=["POST"]),
    Route("/queries/{id}/result", result, methods=["GET"]),
    Route("/telemetry/send", telemetry, methods=["POST"]),
    Route("/session/v1/login-request", fs.login_request, methods=["POST"]),
] + [route for route in fs.routes if route.path not in OURS]
uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
