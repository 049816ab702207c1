# from: ordinary code, as it is written in notebooks
# only: namespaces
# stdout: ^begin\n\[P\(x=0, y=10\), P\(x=1, y=11\), P\(x=2, y=12\)\]\nend\n$
# stderr: ^$

from __future__ import annotations
from collections import namedtuple
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

print("begin")
P = namedtuple("P", "x y")
OFFSET = 10


def point(n: undefined_here) -> P:
    return P(n, n + OFFSET)


log = open("log.txt", "w")
log.write("kept")
log.flush()
executor = ProcessPoolExecutor(2, mp_context=get_context("spawn"))
points = list(executor.map(point, range(3)))
executor.shutdown()
print(points)
assert open("log.txt").read() == "kept"
print("end")
