# from: notebook habit (%run)
# file tool.py: import sys\nprint('tool', sys.argv[1])\nanswer = 42\n
# stdout: ^tool x\n$

%run tool.py x
