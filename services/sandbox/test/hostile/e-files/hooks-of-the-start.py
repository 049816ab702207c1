# Files that an interpreter runs by itself when it starts; here it has started before they come.
# expect: success
# stdout: done
# file sitecustomize.py: print("ESC" + "APED: sitecustomize was run")
# file usercustomize.py: print("ESC" + "APED: usercustomize was run")
# file hostile.pth: import sys; sys.stdout.write("ESC" + "APED: a .pth was run")
# file pyvenv.cfg: home = /tmp
# file python311._pth: import site
# file conftest.py: print("ESC" + "APED: conftest was run")
# file __init__.py: print("ESC" + "APED: __init__ was run")
# file __main__.py: print("ESC" + "APED: __main__ was run")
print("done")
