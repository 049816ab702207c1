# Line ends of another system, and of none.
# expect: success
# stdout: a.*b
print('a')
if True:
    print('b')
