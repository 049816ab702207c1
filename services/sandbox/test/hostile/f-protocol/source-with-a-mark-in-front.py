# A byte order mark before everything.
# expect: success | error
# stdout: done|^$
print("done")
