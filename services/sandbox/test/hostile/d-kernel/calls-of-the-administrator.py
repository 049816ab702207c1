# What only root may do, asked with arguments that cannot do harm.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import errno
import platform

x64 = {"reboot": 169, "swapon": 167, "swapoff": 168, "acct": 163, "quotactl": 179, "syslog": 103, "settimeofday": 164,
       "clock_settime": 227, "kexec_load": 246, "kexec_file_load": 320, "init_module": 175, "finit_module": 313,
       "delete_module": 176, "iopl": 172, "ioperm": 173, "vhangup": 153, "nfsservctl": 180, "sethostname": 170,
       "setdomainname": 171, "chroot": 161, "adjtimex": 159}
arm = {"reboot": 142, "swapon": 224, "swapoff": 225, "acct": 89, "quotactl": 60, "syslog": 116, "settimeofday": 170,
       "clock_settime": 112, "kexec_load": 104, "kexec_file_load": 294, "init_module": 105, "finit_module": 273,
       "delete_module": 106, "vhangup": 58, "sethostname": 161, "setdomainname": 162, "chroot": 51, "adjtimex": 171}
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
