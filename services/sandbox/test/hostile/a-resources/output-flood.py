# Prints as fast as it can.
# expect: timeout
# timeout_ms: 700
while True:
    print("more " * 200)
