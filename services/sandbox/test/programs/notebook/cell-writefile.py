# from: notebook habit (%%writefile)
# stdout: ^Writing helper\.py\n$
# artifacts: helper.py

%%writefile helper.py
def double(n):
    return 2 * n
# === next call
# result: ^42$

import helper
helper.double(21)
