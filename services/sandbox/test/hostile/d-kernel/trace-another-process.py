# A debugger sees and changes everything.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import os

PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE = 0, 16, 0x4206
traced = []
try:
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    for pid in (1, 2, 3, os.getppid()):
        for request in (PTRACE_ATTACH, PTRACE_SEIZE):
            if ptrace(request, pid, None, None) == 0:
                traced.append(pid)
    if ptrace(PTRACE_TRACEME, 0, None, None) == 0:
        traced.append("itself")
except (OSError, AttributeError):
    pass
print(f"ESCAPED: {traced} can be traced" if traced else "CONTAINED")
