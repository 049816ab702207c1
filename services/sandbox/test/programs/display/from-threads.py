# from: displays of several threads at once, and of a process that is no notebook's
# only: namespaces
# stdout: ^child\n$
# display: text/plain, text/plain, text/plain, text/plain, text/plain, text/plain, text/plain, text/plain

import os
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda n: display({"n": n}), range(8)))

class Child:
    def __repr__(self):
        return "child"

pid = os.fork()
if pid == 0:
    display(Child())
    os._exit(0)
os.waitpid(pid, 0)
