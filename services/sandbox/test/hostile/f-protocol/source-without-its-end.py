# Ends in the middle of a line.
# expect: error
print("never closed