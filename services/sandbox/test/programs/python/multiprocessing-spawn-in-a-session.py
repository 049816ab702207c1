# from: ordinary code of a notebook
# only: namespaces

import multiprocessing
factor = 3
def times(n):
    return n * factor
print("defined")
# === next call
# stdout: ^\[0, 3, 6\]\n$
# stderr: ^$

%matplotlib inline
with multiprocessing.get_context("spawn").Pool(2) as pool:
    print(pool.map(times, range(3)))
