# from: results of an earlier turn are not returned again
# artifacts: tmp/a.csv

open("/tmp/a.csv", "w").write("1")
# === next call
# artifacts: tmp/b.csv

open("/tmp/b.csv", "w").write("1")
