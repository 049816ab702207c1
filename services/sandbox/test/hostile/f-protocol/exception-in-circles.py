# Causes that cause one another, in a group that holds itself.
# expect: error
first, second = ValueError("first"), ValueError("second")
first.__cause__, second.__cause__ = second, first
group = ExceptionGroup("all", [first, second])
first.__context__ = group
raise group
