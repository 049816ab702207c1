# from: notebook habit (display(df), df)
# needs: pandas
# display: application/vnd.dataresource+json|text/html|text/plain, application/vnd.dataresource+json|text/html|text/plain
# result: ^   city   people\n0  Rome  2800000\n1  Oslo   700000$

import pandas as pd
frame = pd.DataFrame({"city": ["Rome", "Oslo"], "people": [2_800_000, 700_000]})
display(frame.head(1))
frame
