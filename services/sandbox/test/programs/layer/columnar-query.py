# from: analysts: duckdb, polars and pyarrow side by side
# needs: duckdb
# only: namespaces
# result: \[\(2, 30\)\]
# timeout_ms: 120000

import duckdb
import polars as pl

frame = pl.DataFrame({"city": ["Rome", "Oslo"], "n": [10, 20]})
frame.write_parquet("/tmp/cities.parquet")
duckdb.sql("select count(*), sum(n)::int from '/tmp/cities.parquet'").fetchall()
