# Files that bear the names of modules, which the sandbox itself may import after the program.
# expect: success
# stdout: done
names = ("json", "traceback", "ast", "asyncio", "encodings", "os", "sys", "codecs", "io", "mimetypes", "base64", "struct",
         "linecache", "atexit", "select", "binascii", "socket", "resource", "toolmesh_program", "toolmesh_plots", "runner")
for name in names:
    with open(f"{name}.py", "w") as module:
        module.write("import sys\nsys.stdout.write('ESC' + 'APED into an import')\nraise SystemExit(7)\n")
print("done")
