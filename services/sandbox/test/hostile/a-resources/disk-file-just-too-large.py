# Nine megabytes, where eight may come back within the answer.
# expect: success
# artifacts: hostile-large, hostile-small
with open("hostile-large", "wb") as large:
    large.write(bytes(9 * 2**20))
with open("hostile-small", "wb") as small:
    small.write(b"small")
