# from: openinterpreter#1226
# stdout: Not installed: notapackage1234.*install_package.*after\n$

pip install notapackage1234

print("after")
