# from: models analyse with SQL
# stdout: ^\('b', 2\)\n$
# artifacts: data.db

import sqlite3
db = sqlite3.connect("data.db")
db.execute("create table t (name text, n int)")
db.executemany("insert into t values (?, ?)", [("a", 1), ("b", 2)])
db.commit()
print(db.execute("select * from t order by n desc").fetchone())
