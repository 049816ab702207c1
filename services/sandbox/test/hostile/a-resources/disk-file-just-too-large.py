# Nine megabytes, of which eight may come back.
# expect: success
# artifacts: hostile-small
with open("hostile-large", "wb") as large:
    large.write(bytes(9 * 2**20))
with open("hostile-small", "wb") as small:
    small.write(b"small")
