# Ten million digits, with the guard against it taken off.
# expect: timeout
# timeout_ms: 600
import sys

sys.set_int_max_str_digits(0)
int("9" * 10**7)
