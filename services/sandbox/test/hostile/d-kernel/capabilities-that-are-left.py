# Not one right of root may be in any of the five sets.
# expect: success
# stdout: CONTAINED
# only: namespaces
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
sets = (ctypes.c_uint32 * 6)()
libc.capget(header, sets)
PR_CAPBSET_READ, PR_CAP_AMBIENT = 23, 47
bounding = [number for number in range(64) if libc.prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1]
ambient = [number for number in range(64) if libc.prctl(PR_CAP_AMBIENT, 1, number, 0, 0) == 1]
print(f"ESCAPED: {list(sets)} {bounding} {ambient}" if any(sets) or bounding or ambient else "CONTAINED")
