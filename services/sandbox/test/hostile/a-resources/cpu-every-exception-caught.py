# Cannot be interrupted from inside.
# expect: timeout
# timeout_ms: 600
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
