# from: editors of Windows
# stdout: ^bom\n$

﻿print("bom")
