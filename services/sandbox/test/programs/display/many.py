# from: a display in a loop without an end
# only: wasm
# stdout: ^end\n$
# seen: display: some were left out

for n in range(5000):
    display(n)
print("end")
