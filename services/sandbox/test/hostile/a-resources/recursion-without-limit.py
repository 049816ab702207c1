# expect: killed | out_of_memory
# memory_mb: 64
import sys

sys.setrecursionlimit(2**31 - 1)


def deeper():
    deeper()


deeper()
