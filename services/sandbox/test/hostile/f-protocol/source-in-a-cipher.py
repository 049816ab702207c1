# coding: rot13
# expect: success | error
# For an interpreter that believes the line above, this is: cevag is print.
print("done")
