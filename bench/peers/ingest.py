"""The Python way of loading the three files: pandas in chunks, one JSON text a row, into DuckDB's raw tables."""
import json
import sys

import duckdb
import pandas as pd

folder, database = sys.argv[1:3]
db = duckdb.connect(database)
db.execute("create schema if not exists sigir_2021_demo")
db.execute("create table sigir_2021_demo.browsing_train_raw (session_id_hash varchar, server_timestamp_epoch_ms timestamp, organization_id varchar, raw_browsing_event json)")
db.execute("create table sigir_2021_demo.search_train_raw (session_id_hash varchar, server_timestamp_epoch_ms timestamp, organization_id varchar, query_string varchar, raw_search_event json)")
db.execute("create table sigir_2021_demo.sku_to_content_raw (product_sku_hash varchar, ingestion_timestamp_epoch_ms timestamp, organization_id varchar, metadata json)")


def raw(chunk):
    chunk = chunk.astype(object).where(chunk.notna(), None)
    return [json.dumps(row) for row in chunk.to_dict("records")]


def chunks(name):
    return pd.read_csv(f"{folder}/{name}.csv", chunksize=200_000, dtype=str)


for c in chunks("browsing_train"):
    frame = pd.DataFrame({"s": c.session_id_hash, "t": pd.to_datetime(c.server_timestamp_epoch_ms.astype("int64"), unit="ms"), "o": "coveo", "r": raw(c)})
    db.execute("insert into sigir_2021_demo.browsing_train_raw select * from frame")
for c in chunks("search_train"):
    frame = pd.DataFrame({"s": c.session_id_hash, "t": pd.to_datetime(c.server_timestamp_epoch_ms.astype("int64"), unit="ms"), "o": "coveo", "q": None, "r": raw(c)})
    db.execute("insert into sigir_2021_demo.search_train_raw select s, t, o, q::varchar, r from frame")
for c in chunks("sku_to_content"):
    frame = pd.DataFrame({"s": c.product_sku_hash, "t": pd.Timestamp.now(), "o": "coveo", "r": raw(c)})
    db.execute("insert into sigir_2021_demo.sku_to_content_raw select * from frame")
