# from: danny-avila/LibreChat#5054
# file sales.csv: region,amount\nnorth,10\nsouth,32\n
# stdout: ^42\n$
# artifacts: total.txt text/plain 2

import csv
with open("sales.csv") as file:
    total = sum(int(row["amount"]) for row in csv.DictReader(file))
with open("total.txt", "w") as file:
    file.write(str(total))
print(total)
