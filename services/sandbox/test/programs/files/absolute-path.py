# from: paths of other code interpreters (OpenAI, E2B)
# file /mnt/data/sales.csv: a\n1\n
# stdout: ^a\n1\n$

print(open("sales.csv").read(), end="")
