"""Runs single expectations through Great Expectations 1.x. Arguments: path of a job as JSON ({"database": …, "url": …,
"engine": "sql" | "pandas", "tables": [{"table": …, "cases": [{"type": …, "kwargs": …, "result_format": …}]}]}).
Prints, for each table, a list of results; one that raised is {"raised": "why"}."""
import contextlib
import json
import logging
import os
import sys
import warnings

os.environ["GX_ANALYTICS_ENABLED"] = "false"
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

import great_expectations as gx
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.registry import get_expectation_impl


@contextlib.contextmanager
def kept_connection(engine):
    # It reads a result after giving the connection back, which DuckDB's driver does not survive.
    if not engine._connection:
        engine._connection = engine.engine.connect()
    yield engine._connection


job = json.load(open(sys.argv[1]))
if job["engine"] == "sql" and "database" in job:
    SqlAlchemyExecutionEngine.get_connection = kept_connection
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
if job["engine"] == "sql":
    if "database" in job:
        source = context.data_sources.add_sql("sql", connection_string=f"duckdb:///{job['database']}")
    else:
        source = context.data_sources.add_postgres("sql", connection_string=job["url"])
else:
    import duckdb

    source = context.data_sources.add_pandas("pandas")
    database = duckdb.connect(job["database"], read_only=True)


def settle():
    # After a statement that failed the transaction takes no other.
    if job["engine"] == "sql":
        engine = source.get_execution_engine()
        if engine._connection:
            engine._connection.rollback()


def outcome(batch, case):
    try:
        expectation = get_expectation_impl(case["type"])(**case["kwargs"])
        result = batch.validate(expectation, result_format=case.get("result_format", "SUMMARY")).to_json_dict()
    except Exception as error:
        settle()
        return {"raised": f"{type(error).__name__}: {error}"[:500]}
    info = json.dumps(result["exception_info"])
    if '"raised_exception": true' in info:
        settle()
        return {"raised": info[:500]}
    return {"success": result["success"], "result": result["result"]}


def plain(value):
    return float(value) if hasattr(value, "as_tuple") else str(value)


answers = []
for number, entry in enumerate(job["tables"]):
    if job["engine"] == "sql":
        asset = source.add_table_asset(name=f"asset-{number}", table_name=entry["table"])
        batch = asset.add_batch_definition_whole_table("all").get_batch()
    else:
        asset = source.add_dataframe_asset(name=f"asset-{number}")
        frame = database.sql(f'select * from "{entry["table"]}"').df()
        batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    answers.append([outcome(batch, case) for case in entry["cases"]])
print(json.dumps(answers, default=plain))
