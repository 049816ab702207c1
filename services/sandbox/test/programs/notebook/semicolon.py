# from: Jupyter shows nothing after a semicolon
# result: ^null$
# stdout: ^shown\n$

print("shown")
6 * 7;  # no value
