# from: LibreChat#15659, OpenAI forum (sandbox:/mnt/data)
# artifacts: out.csv text/csv 4, user.txt, deep/home.txt

import os
open("/mnt/data/out.csv", "w").write("a\n1\n")
open("/home/user/user.txt", "w").write("x")
os.makedirs("/home/sandbox/deep", exist_ok=True)
open("/home/sandbox/deep/home.txt", "w").write("x")
