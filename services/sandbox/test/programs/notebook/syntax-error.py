# from: ordinary mistakes stay what they are
# status: error
# error: ^SyntaxError: .*line 2
# stderr: ^  File "main.py", line 2\n    y = = 2\n.*SyntaxError: invalid syntax\n$

x = 1
y = = 2
