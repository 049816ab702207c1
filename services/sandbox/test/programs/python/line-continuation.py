# from: open-webui#26660
# stdout: ^3 a\\tb\n$

total = 1 + \
    2
print(total, r"a\tb")
