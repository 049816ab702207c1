# from: recursion of a known depth
# result: ^5000$

import sys
sys.setrecursionlimit(20000)
def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)
depth(5000)
