# from: langgenius/dify-sandbox#106
# stdout: ^\[0, 1, .*left out.*199999\]\n$

print(list(range(200000)))
