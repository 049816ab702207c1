# from: langgenius/dify-sandbox#39, #53
# needs: pandas
# file data.csv: a,b\n1,2\n3,4\n
# result: mean.*2\.0.*3\.0

import pandas as pd
pd.read_csv("data.csv").describe()
