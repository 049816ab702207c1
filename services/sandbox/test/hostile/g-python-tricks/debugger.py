# expect: success | error
# stdin: import os; os.system("id")
import pdb

pdb.set_trace()
print("done")
