"""Runs single expectations through Great Expectations 0.18, with the arguments and the answer of `gx_cases.py`."""
import contextlib
import json
import logging
import os
import sys
import warnings

os.environ["GX_ANALYTICS_ENABLED"] = "false"
os.environ["GE_USAGE_STATS"] = "false"
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

import great_expectations as gx

from great_expectations.execution_engine import SqlAlchemyExecutionEngine


@contextlib.contextmanager
def kept_connection(engine):
    # It reads a result after giving the connection back, which DuckDB's driver does not survive.
    if not engine._connection:
        engine._connection = engine.engine.connect()
    yield engine._connection


SqlAlchemyExecutionEngine.get_connection = kept_connection
job = json.load(open(sys.argv[1]))
context = gx.get_context(mode="ephemeral") if hasattr(gx, "get_context") else None
context.variables.progress_bars = {"globally": False}
if job["engine"] == "sql":
    source = context.sources.add_sql("sql", connection_string=f"duckdb:///{job['database']}")
else:
    import duckdb

    source = context.sources.add_pandas("pandas")
    database = duckdb.connect(job["database"], read_only=True)


def settle(validator):
    # After a statement that failed the transaction takes no other.
    connection = getattr(validator.execution_engine, "_connection", None)
    if connection:
        connection.rollback()


def outcome(validator, case):
    kwargs = {**case["kwargs"], "result_format": case.get("result_format", "SUMMARY")}
    try:
        result = getattr(validator, case["type"])(**kwargs).to_json_dict()
    except Exception as error:
        settle(validator)
        return {"raised": f"{type(error).__name__}: {error}"[:500]}
    info = json.dumps(result["exception_info"])
    if '"raised_exception": true' in info:
        settle(validator)
        return {"raised": info[:500]}
    return {"success": result["success"], "result": result["result"]}


def plain(value):
    return float(value) if hasattr(value, "as_tuple") else str(value)


answers = []
for number, entry in enumerate(job["tables"]):
    if job["engine"] == "sql":
        asset = source.add_table_asset(name=f"asset-{number}", table_name=entry["table"])
        request = asset.build_batch_request()
    else:
        asset = source.add_dataframe_asset(name=f"asset-{number}")
        frame = database.sql(f'select * from "{entry["table"]}"').df()
        request = asset.build_batch_request(dataframe=frame)
    validator = context.get_validator(batch_request=request, create_expectation_suite_with_name=f"suite-{number}")
    validator.set_default_expectation_argument("catch_exceptions", True)
    answers.append([outcome(validator, case) for case in entry["cases"]])
print(json.dumps(answers, default=plain))
