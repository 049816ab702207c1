# from: text of a notebook
# result: ^3$

In [1]: x = 3

In [2]: x
Out[2]: 3
