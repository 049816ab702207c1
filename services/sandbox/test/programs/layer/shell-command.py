# from: notebooks that call a command
# stdout namespaces: ^hello
# status wasm: error
# error wasm: OSError: .*no process for the command 'echo hello'.*bubblewrap and python3

import os

os.system("echo hello")
