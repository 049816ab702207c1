# from: models read tracebacks
# status: error
# stderr: line 2, in <module>
# error: ^KeyError: 'b'$

prices = {"a": 1}
prices["b"]
