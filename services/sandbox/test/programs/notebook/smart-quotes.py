# from: code copied from a word processor
# stdout: ^it’s “fine”\n$

print(“it’s”, '“fine”')
