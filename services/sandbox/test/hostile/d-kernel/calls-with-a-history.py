# Calls in which errors have been found, and which no program here needs.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import errno
import platform

x64 = {"bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425, "io_uring_enter": 426,
       "io_uring_register": 427, "add_key": 248, "request_key": 249, "keyctl": 250, "modify_ldt": 154,
       "lookup_dcookie": 212, "vmsplice": 278, "memfd_secret": 447, "fanotify_init": 300, "name_to_handle_at": 303,
       "open_by_handle_at": 304, "kcmp": 312, "process_vm_readv": 310, "process_vm_writev": 311, "ptrace": 101,
       "move_pages": 279, "mbind": 237, "migrate_pages": 256, "pidfd_getfd": 438, "process_madvise": 440,
       "uselib": 134, "sysfs": 139, "remap_file_pages": 216, "io_setup": 206, "mq_open": 240, "shmget": 29}
arm = {"bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "io_uring_setup": 425, "io_uring_enter": 426,
       "io_uring_register": 427, "add_key": 217, "request_key": 218, "keyctl": 219, "vmsplice": 75,
       "memfd_secret": 447, "fanotify_init": 262, "name_to_handle_at": 264, "open_by_handle_at": 265, "kcmp": 272,
       "process_vm_readv": 270, "process_vm_writev": 271, "ptrace": 117, "move_pages": 239, "mbind": 235,
       "migrate_pages": 238, "pidfd_getfd": 438, "process_madvise": 440, "mq_open": 180, "shmget": 194}
known = []
try:
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    for name, number in (x64 if platform.machine() == "x86_64" else arm).items():
        answer = syscall(number, -1, -1, -1, -1, -1)
        if answer != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
            known.append(name)
except (OSError, AttributeError):
    pass
print(f"ESCAPED: {known} are there" if known else "CONTAINED")
