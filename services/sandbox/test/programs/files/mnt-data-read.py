# from: OpenAI code interpreter habit
# file sales.csv: region,amount\nnorth,10\nsouth,32\n
# stdout: ^42\n$

import csv
with open("/mnt/data/sales.csv") as file:
    print(sum(int(row["amount"]) for row in csv.DictReader(file)))
