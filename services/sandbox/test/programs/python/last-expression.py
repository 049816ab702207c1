# from: a REPL shows the value of the last expression
# result: ^\[1, 4, 9\]$

[n * n for n in (1, 2, 3)]
