# from: a display in a loop without an end
# stdout: ^end\n$
# seen: display: some were left out

for n in range(5000):
    display(n)
print("end")
