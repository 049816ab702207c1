# from: the first line has lost its indentation
# stdout: ^3\n$

import math
    x = math.sqrt(9)
    print(int(x))
