# More results than anybody wants.
# expect: success
# stdout: done
for number in range(3000):
    with open(f"hostile-{number:04}", "w") as file:
        file.write("x" * 100)
print("done")
