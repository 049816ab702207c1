# from: a model writes two cells into one
# stdout: ^x is 5\nCPU times.*Wall time

x = 5
%%time
print("x is", x)
