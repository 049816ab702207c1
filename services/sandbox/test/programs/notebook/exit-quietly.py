# from: notebooks that stop early
# stdout: ^before\n$

print("before")
exit()
print("after")
