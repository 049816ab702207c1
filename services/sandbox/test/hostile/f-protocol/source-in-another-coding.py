# coding: utf-7
# expect: success | error
# A coding in which a comment can be code: +AAo-print(+ACI-ESC+ACI- +ACI-APED+ACI-)
print("done")
