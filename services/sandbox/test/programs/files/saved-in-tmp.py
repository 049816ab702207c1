# from: programs that save in /tmp and say so
# stdout: Saved to /tmp/report\.csv
# artifacts: tmp/report.csv text/csv 4, tmp/chart/a.png image/png

import os
with open("/tmp/report.csv", "w") as file:
    file.write("a\n1\n")
os.makedirs("/tmp/chart")
with open("/tmp/chart/a.png", "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n")
print("Saved to /tmp/report.csv")
