# Prints for as long as it may, on both streams.
# only: namespaces
# expect: timeout | killed
# timeout_ms: 1500
yes stdout & yes stderr >&2
