# A file that is only a size: whoever collects it reads a terabyte of zeros.
# expect: success | error | out_of_memory
# timeout_ms: 3000
with open("hostile-sparse", "wb") as sparse:
    sparse.truncate(2**40)
