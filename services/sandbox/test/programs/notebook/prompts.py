# from: documentation with prompts
# stdout: ^0\n1\n$
# result: ^5$

>>> for n in range(2):
...     print(n)
...
0
1
>>> 2 + 3
5
