"""The same expectation suites through Great Expectations on pandas, as the original project runs them."""
import json
import logging
import sys

import duckdb
import great_expectations as gx
import great_expectations.expectations as e

logging.disable(logging.WARNING)
db = duckdb.connect(sys.argv[1], read_only=True)
frames = {
    "browsing_train": db.sql("select session_id_hash, event_type, product_action, epoch_ms(server_timestamp) as server_timestamp_epoch_ms from public.browsing_flattened").df(),
    "session_stats": db.sql("select session_action_count, add_action_count, session_time from public.session_stats").df(),
    "content_flattened": db.sql("select * from public.content_flattened").df(),
}
suites = {
    "browsing_train": [
        e.ExpectColumnValuesToNotBeNull(column="session_id_hash"),
        e.ExpectTableColumnsToMatchOrderedList(column_list=["session_id_hash", "event_type", "product_action", "server_timestamp_epoch_ms"]),
        e.ExpectColumnValuesToBeInSet(column="event_type", value_set=["pageview", "event_product"]),
        e.ExpectColumnValuesToBeInSet(column="product_action", value_set=["", "detail", "add", "remove", "purchase"]),
    ],
    "session_stats": [
        e.ExpectColumnValuesToBeBetween(column="session_action_count", min_value=1),
        e.ExpectColumnValuesToBeBetween(column="add_action_count", min_value=0),
        e.ExpectColumnValuesToBeBetween(column="session_time", min_value=0),
    ],
    "content_flattened": [e.ExpectColumnToExist(column=c) for c in ("item_vector", "image_vector", "price_bucket")],
}
context = gx.get_context(mode="ephemeral")
source = context.data_sources.add_pandas("pandas")
outcome = {}
for name, frame in frames.items():
    batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=suites[name]))
    outcome[name] = batch.validate(suite).success
lengths = frames["browsing_train"].session_id_hash.value_counts().mean()
outcome["average_session_length"] = bool(4 <= lengths <= 10)
print(json.dumps(outcome))
