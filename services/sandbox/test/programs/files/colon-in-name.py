# from: names that people give
# file "Report: Q1.csv": a\n1\n
# stdout: ^a\n1\n$

print(open("Report: Q1.csv").read(), end="")
