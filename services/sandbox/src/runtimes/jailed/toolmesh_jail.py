"""The jail of a worker, which a child of the launcher builds around itself before anything foreign reaches it.

Namespaces of its own, files of its own, one package layer at most, a user and limits of its own, no capability, the
filter of system calls.
"""

import ctypes
import os
import resource

import toolmesh_limits as limits
import toolmesh_wire as wire

WRITABLE = (b"/dev/shm", b"/tmp", b"/work")
WRITABLE_OPTIONS = b"size=64m,nr_inodes=16k,mode=1777"
"""Names count as well as bytes: the kernel keeps 1 KiB for each, in memory that is nobody's."""
TERMINAL_OPTIONS = b"newinstance,ptmxmode=0666,mode=620,max=64"
"""Terminals have numbers, which would be shared otherwise, and of which the machine has 4,096."""
LAYERS, PACKAGES, NOTHING = b"/opt/layers", b"/opt/packages", b"/proc"
"""Folders of all package layers, for a worker's own one, and one that is empty."""

NICE = 5
"""The service comes before its workers, and a worker's supervisor before the program that it watches."""

# From sched.h, sys/mount.h, linux/prctl.h, linux/capability.h.
NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (1 << bit for bit in (17, 25, 26, 27, 28, 29, 30))
NAMESPACES = NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWPID | NEWNET
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 1 << 12, 1 << 14, 1 << 18
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_CAP_AMBIENT = 38, 22, 24, 47
PR_CAP_AMBIENT_CLEAR_ALL, SECCOMP_MODE_FILTER = 4, 2
PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_FORCE_DISABLE = 53, 0, 1, 8
CAPABILITY_VERSION_3 = 0x20080522
CAPABILITIES = 64

libc = ctypes.PyDLL(None, use_errno=True)
libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]


class Program(ctypes.Structure):
    """struct sock_fprog (linux/filter.h)."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def read_filter(fd):
    """Reads the filter of system calls to its end, and closes its descriptor."""
    data = b""
    while part := os.read(fd, 65_536):
        data += part
    os.close(fd)
    return Program(len(data) // 8, data)


def enter(connection, proc, request, program):
    """Makes this process, which is in new namespaces, the first of a jail. Raises OSError where it cannot.

    `proc` is a descriptor of /proc; the request tells `packages`, `address_bytes` and, for root, the `user` to become.
    """
    user = request["user"]
    if user is None:
        _map_ids(proc, (ROOT, USER), (ROOT, GROUP))
    _mount_own_files(request["packages"])
    if user is None:
        # It was root to mount terminals; from here on it owns no mount.
        _check(libc.unshare(NEWUSER))
        _map_ids(proc, (USER, ROOT), (GROUP, ROOT))
    os.setsid()
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    os.chdir("/work")
    _keep_only(connection)
    limits.apply()
    if request["address_bytes"] is not None:
        limits.limit_one(resource.RLIMIT_AS, request["address_bytes"])
    _give_up_rights(user)
    _check(_prctl(PR_SET_NO_NEW_PRIVS, 1))
    for what in (PR_SPEC_STORE_BYPASS, PR_SPEC_INDIRECT_BRANCH):
        _prctl(PR_SET_SPECULATION_CTRL, what, PR_SPEC_FORCE_DISABLE)  # Where the processor needs it and can.
    _check(_prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(program)))


def _prctl(option, *arguments):
    """Calls prctl with all five arguments: those that an option does not use must be zero."""
    padded = (*arguments, *[0] * (4 - len(arguments)))
    return libc.prctl(option, *[ctypes.c_ulong(argument) for argument in padded])


def _check(result):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


ROOT, USER, GROUP = 0, os.getuid(), os.getgid()


def _map_ids(proc, user, group):
    """Maps the ids of this process in its new user namespace; without a map they mean nothing there."""
    for name, text in (("setgroups", "deny"), ("uid_map", "%d %d 1" % user), ("gid_map", "%d %d 1" % group)):
        fd = os.open(f"self/{name}", os.O_WRONLY, dir_fd=proc)
        os.write(fd, text.encode())
        os.close(fd)


def _mount_own_files(packages):
    _check(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
    for path in WRITABLE:
        _check(libc.mount(b"tmpfs", path, b"tmpfs", MS_NOSUID | MS_NODEV, WRITABLE_OPTIONS))
    _check(libc.mount(b"devpts", b"/dev/pts", b"devpts", MS_NOSUID | MS_NOEXEC, TERMINAL_OPTIONS))
    if packages is not None:
        _check(libc.mount(LAYERS + b"/" + packages.encode(), PACKAGES, None, MS_BIND, None))
    if os.path.isdir(LAYERS):
        # The layers of others are covered.
        _check(libc.mount(NOTHING, LAYERS, None, MS_BIND, None))


def _keep_only(connection):
    """Keeps descriptors 0 to 3, of which only the last two lead anywhere: standard error and the connection."""
    nothing = os.open("/dev/null", os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(connection, wire.CHANNEL)
    os.closerange(wire.CHANNEL + 1, 4_096)


def empty_bounding_set():
    """Makes it impossible to get capabilities by executing anything, here and in forks that stay in this user namespace."""
    for capability in range(CAPABILITIES):
        if _prctl(PR_CAPBSET_DROP, capability) < 0:
            break  # The kernel has no more of them.


def _give_up_rights(user):
    if user is None:
        empty_bounding_set()
    _check(_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL))
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    _check(libc.capset(header, (ctypes.c_uint32 * 6)()))
