# from: notebook habit
# only: namespaces
# stdout: ^inside\n$

if True:
    !echo inside
