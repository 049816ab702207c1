# from: notebook habit (polars)
# needs: polars
# display: application/vnd.dataresource+json|text/html|text/plain

import polars as pl
pl.DataFrame({"a": [1, 2], "b": ["x", None]})
