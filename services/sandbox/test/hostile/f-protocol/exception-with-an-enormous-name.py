# The type of an error is whatever the program calls it.
# expect: error
raise type("E" * 100_000, (Exception,), {})("small")
