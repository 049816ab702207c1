# from: openinterpreter#402, #272
# stdout: Not installed: notapackage1234.*packages: \["notapackage1234"\].*\nafter\n$

!pip install -q notapackage1234
print("after")
