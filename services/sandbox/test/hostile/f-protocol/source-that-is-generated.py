# A program of a hundred thousand lines, made here.
# expect: success
# stdout: done
exec("\n".join(f"a{number} = {number}" for number in range(20_000)))
print("done")
