# Characters that are space for some and nothing for others.
# expect: error | success
print('done')
 　print('never')
