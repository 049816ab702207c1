# The same by files that are there before the program.
# expect: success | error
# file json.py: print("ESC" + "APED: json.py was run")
# file traceback.py: print("ESC" + "APED: traceback.py was run")
# file binascii.py: print("ESC" + "APED: binascii.py was run")
# file resource.py: print("ESC" + "APED: resource.py was run")
# file atexit.py: print("ESC" + "APED: atexit.py was run")
# file _strptime.py: print("ESC" + "APED: _strptime.py was run")
print("done")
1 / 0
