# A loop in C that looks at no signal.
# expect: timeout
# timeout_ms: 600
sum(range(10**12))
