# A process may ask to be treated as on another system, with memory where one can guess it.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes

try:
    personality = ctypes.CDLL(None, use_errno=True).personality
    changed = [flag for flag in (0x0040000, 0x0008, 0x100000, 0x0400000) if personality(flag) != -1]
except (OSError, AttributeError):
    changed = []
print(f"ESCAPED: {changed}" if changed else "CONTAINED")
