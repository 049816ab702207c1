# The last value is larger than a result may be, and shortened.
# expect: success
"x" * 2**20
