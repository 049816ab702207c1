# A pool of three hundred processes.
# expect: success | error | timeout | killed | out_of_memory
# timeout_ms: 3000
# alone: yes
import multiprocessing


def square(n):
    return n * n


try:
    with multiprocessing.get_context("fork").Pool(300) as pool:
        pool.map(square, range(300))
        print("ESCAPED with a pool of 300")
except (OSError, ImportError, ValueError):
    print("CONTAINED")
