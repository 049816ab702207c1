# Two calls copy memory between processes of one user.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import os


class Span(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


reached = []
try:
    libc = ctypes.CDLL(None, use_errno=True)
    local = ctypes.create_string_buffer(16)
    here = Span(ctypes.addressof(local), 16)
    for pid in (1, 2, 3, os.getppid()):
        for call in (libc.process_vm_readv, libc.process_vm_writev):
            there = Span(id(0), 16)
            if call(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
                reached.append(pid)
except (OSError, AttributeError):
    pass
for pid in (1, 2, 3):
    try:
        open(f"/proc/{pid}/mem", "r+b").close()
        reached.append(f"/proc/{pid}/mem")
    except OSError:
        pass
print(f"ESCAPED into {reached}" if reached else "CONTAINED")
