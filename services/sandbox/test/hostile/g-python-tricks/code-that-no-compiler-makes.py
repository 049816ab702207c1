# Instructions that reach beyond their stack.
# expect: killed | error | success
def small():
    return 1


small.__code__ = small.__code__.replace(co_code=bytes([100, 200] * 50 + [83, 0]))
small()
