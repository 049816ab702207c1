# from: ordinary code: pools for waiting, not for the processor
# only: namespaces
# stdout: ^128\n$

import threading
from concurrent.futures import ThreadPoolExecutor

meeting = threading.Barrier(128, timeout=50)
with ThreadPoolExecutor(128) as pool:
    print(len(set(pool.map(lambda n: (meeting.wait(), n)[1], range(128)))))
