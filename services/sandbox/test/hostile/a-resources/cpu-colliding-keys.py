# Numbers that all land in one place of the dictionary.
# expect: timeout
# timeout_ms: 800
import sys

modulus = sys.hash_info.modulus
table = {number * modulus: None for number in range(200_000)}
