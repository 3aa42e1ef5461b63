"""Runs suites of either format through Great Expectations 1.x. Arguments: path of a job as JSON
({"database": …, "peer_url": …, "engine": "sql" | "pandas", "validations": [{"table": …, "suite": …, "result_format": …}]}).
Prints the validation results as a JSON list."""
import contextlib
import json
import logging
import os
import sys
import time
import warnings

os.environ["GX_ANALYTICS_ENABLED"] = "false"
logging.disable(logging.ERROR)
warnings.simplefilter("ignore")

import great_expectations as gx
from great_expectations.expectations import Expectation
from great_expectations.expectations.expectation import ColumnAggregateExpectation
from great_expectations.expectations.metrics import ColumnAggregateMetricProvider
from great_expectations.expectations.metrics.column_aggregate_metric_provider import column_aggregate_partial, column_aggregate_value
from great_expectations.compatibility.sqlalchemy import sqlalchemy as sa
from great_expectations.execution_engine import PandasExecutionEngine, SqlAlchemyExecutionEngine
from great_expectations.expectations.registry import get_expectation_impl


class ColumnAverageSessionLength(ColumnAggregateMetricProvider):
    """The metric of the original project: the mean of the counts of each value."""

    metric_name = "column.average_session_length"

    @column_aggregate_value(engine=PandasExecutionEngine)
    def _pandas(cls, column, **kwargs):
        return column.value_counts().mean()

    @column_aggregate_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column, **kwargs):
        return 1.0 * sa.func.count(column) / sa.func.count(sa.distinct(column))


class ExpectAverageSessionLengthToBeBetween(ColumnAggregateExpectation):
    metric_dependencies = ("column.average_session_length",)
    success_keys = ("min_value", "strict_min", "max_value", "strict_max")
    min_value: float = None
    max_value: float = None
    strict_min: bool = False
    strict_max: bool = False

    def _validate(self, metrics, runtime_configuration=None, execution_engine=None):
        return self._validate_metric_value_between("column.average_session_length", metrics, runtime_configuration, execution_engine)


@contextlib.contextmanager
def kept_connection(engine):
    # It reads a result after giving the connection back, which DuckDB's driver does not survive.
    if not engine._connection:
        engine._connection = engine.engine.connect()
    yield engine._connection


def expectation(entry, number):
    kind = get_expectation_impl(entry.get("type", entry.get("expectation_type")))
    return kind(**entry["kwargs"], meta={"number": number})


job = json.load(open(sys.argv[1]))
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
if job["engine"] == "sql" and "database" in job:
    SqlAlchemyExecutionEngine.get_connection = kept_connection
    source = context.data_sources.add_sql("duckdb", connection_string=f"duckdb:///{job['database']}")
elif job["engine"] == "sql":
    source = context.data_sources.add_postgres("postgres", connection_string=job["peer_url"])
else:
    import duckdb

    source = context.data_sources.add_pandas("pandas")
    database = duckdb.connect(job["database"], read_only=True)
results = []
for number, validation in enumerate(job["validations"]):
    raw = validation["suite"]
    name = f"{number}-{raw.get('name', raw.get('expectation_suite_name'))}"
    suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=[]))
    for place, entry in enumerate(raw["expectations"]):
        suite.add_expectation(expectation(entry, place))
    if job["engine"] == "sql":
        asset = source.add_table_asset(name=f"asset-{number}", table_name=validation["table"])
        batch = asset.add_batch_definition_whole_table("all").get_batch()
    else:
        asset = source.add_dataframe_asset(name=f"asset-{number}")
        frame = database.sql(f"select * from {validation['table']}").df()
        batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    started = time.perf_counter()
    result = batch.validate(suite, result_format=validation.get("result_format", "SUMMARY"))
    print(f"validated in {time.perf_counter() - started:.3f} s", file=sys.stderr)
    results.append(result.to_json_dict())
print(json.dumps(results, default=lambda value: float(value) if hasattr(value, 'as_tuple') else str(value)))
