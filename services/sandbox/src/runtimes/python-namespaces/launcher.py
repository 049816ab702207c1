"""Makes jails by forking: one for each worker that the service asks for, in a fraction of the time that bubblewrap needs.

It runs in a jail itself, which shows what its workers are to see and nothing else, and no program ever runs in it or
speaks to it. The service connects to a socket here, whose path leads through its own /proc, and sends the number
and the user of the worker; the connection becomes the worker's descriptor 3. Between its fork and its interpreter, a child sets up
the jail: namespaces of its own, files of its own, a user of its own, no
capability, the filter of system calls. The interpreter is a new one, with its own hashes and addresses.
"""

import ctypes
import os
import select
import struct
import sys

sys.path.append("/opt/sandbox")

import _socket

import toolmesh_wire as wire

FILTER, PROC = 4, 5
"""Descriptors that the service has opened: the filter of system calls, and its /proc, since a jail has none."""
COMMAND = sys.argv[1:]
"""The command of a worker."""
SOCKET_PATH = "/tmp/launcher.sock"
HELLO = struct.Struct(">II")
"""The beginning of a request: a number for the worker and its user; the arguments of the worker follow."""
MAX_HELLO = 256

WRITABLE = (b"/dev/shm", b"/tmp", b"/work")
WRITABLE_OPTIONS = b"size=64m,nr_inodes=64k,mode=1777"

NICE = 10
"""The service comes before its workers, and a worker's supervisor before the program that it watches."""

# From sched.h, sys/mount.h, linux/prctl.h, linux/capability.h.
NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (1 << bit for bit in (17, 25, 26, 27, 28, 29, 30))
SIGCHLD = 17
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 2, 4, 8, 1 << 14, 1 << 18
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_CAP_AMBIENT = 38, 22, 24, 47
PR_CAP_AMBIENT_CLEAR_ALL, SECCOMP_MODE_FILTER = 4, 2
CAPABILITY_VERSION_3 = 0x20080522
CAPABILITIES = 64
CLONE = {"x86_64": 56, "aarch64": 220}[os.uname().machine]

libc = ctypes.PyDLL(None, use_errno=True)
libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]


class Program(ctypes.Structure):
    """struct sock_fprog (linux/filter.h)."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def main():
    is_root = os.getuid() == 0
    program = _read_filter()
    for fd in (wire.CHANNEL, PROC):
        os.set_inheritable(fd, False)
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    listener.bind(SOCKET_PATH)
    listener.listen(64)
    os.chmod(SOCKET_PATH, 0o600)
    wire.send(wire.READY, wire.to_json({"version": "1", "pid": int(os.readlink("self", dir_fd=PROC))}))

    poller = select.poll()
    for fd in (wire.CHANNEL, listener.fileno()):
        poller.register(fd, select.POLLIN)
    callers, workers = set(), {}
    while True:
        for fd, _ in poller.poll():
            if fd == wire.CHANNEL:
                _, payload = wire.receive()
                _kill(workers, wire.from_json(payload)["id"])
            elif fd == listener.fileno():
                caller, _ = listener._accept()
                callers.add(caller)
                poller.register(caller, select.POLLIN)
            elif fd in callers:
                callers.remove(fd)
                poller.unregister(fd)
                worker = _start(fd, program, is_root)
                os.close(fd)
                if worker is not None:
                    workers[worker[0]] = worker[1:]
                    poller.register(worker[0], select.POLLIN)
            elif fd in workers:
                poller.unregister(fd)
                _reap(fd, workers.pop(fd)[0])


def _read_filter():
    data = b""
    while part := os.read(FILTER, 65_536):
        data += part
    os.close(FILTER)
    return Program(len(data) // 8, data)


def _start(connection, program, is_root):
    """Starts the worker that a caller asks for; returns a descriptor of its process, its number and its id."""
    hello = os.read(connection, MAX_HELLO)
    if len(hello) < HELLO.size:
        return None  # The caller has gone away.
    number, user = HELLO.unpack(hello[: HELLO.size])
    args = hello[HELLO.size :].decode().split()
    flags = NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWPID | NEWNET | (0 if is_root else NEWUSER)
    pid = libc.syscall(CLONE, ctypes.c_long(flags | SIGCHLD), *[ctypes.c_long(0)] * 4)
    if pid == 0:
        _become_a_worker(connection, program, user if is_root else None, args)
    if pid < 0:
        _log(f"no process for a worker: {os.strerror(ctypes.get_errno())}")
        wire.send(wire.GONE, wire.to_json({"id": number, "exit_code": 71, "signal": None}))
        return None
    process = os.pidfd_open(pid)
    wire.send(wire.STARTED, wire.to_json({"id": number, "pid": _pid_outside(process)}))
    return process, number, pid


def _pid_outside(process):
    """Returns the id of a process, given its descriptor, outside of this jail."""
    fd = os.open(f"self/fdinfo/{process}", os.O_RDONLY, dir_fd=PROC)
    try:
        lines = os.read(fd, 4_096).decode().splitlines()
    finally:
        os.close(fd)
    return next(int(line[4:]) for line in lines if line.startswith("Pid:"))


def _kill(workers, number):
    for process, (id_, pid) in workers.items():
        if id_ == number:
            # It is our child and not reaped yet: the number is still its own.
            os.kill(pid, 9)


def _reap(process, number):
    ended = os.waitid(os.P_PIDFD, process, os.WEXITED)
    os.close(process)
    exited = ended.si_code == os.CLD_EXITED
    signal = None if exited else ended.si_status
    wire.send(
        wire.GONE, wire.to_json({"id": number, "exit_code": ended.si_status if exited else None, "signal": signal})
    )


def _log(text):
    os.write(2, f"{text}\n".encode())


# --- what a child does, before it is a worker ---


def _become_a_worker(connection, program, user, args):
    """Sets up the jail and becomes the worker. Never returns."""
    try:
        if user is None:
            _map_ids((ROOT, USER), (ROOT, GROUP))
        _mount_own_files()
        if user is None:
            # It was root to mount terminals; from here on it owns no mount.
            _check(libc.unshare(NEWUSER))
            _map_ids((USER, ROOT), (GROUP, ROOT))
        os.setsid()
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        os.chdir("/work")
        _keep_only(connection)
        _give_up_rights(user)
        _check(_prctl(PR_SET_NO_NEW_PRIVS, 1))
        _check(_prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(program)))
        os.execv(COMMAND[0], [*COMMAND, *args])
    except BaseException as error:
        _log(f"no jail for a worker: {error!r}")
    finally:
        os._exit(70)


def _prctl(option, *arguments):
    """Calls prctl with all five arguments: those that an option does not use must be zero."""
    padded = (*arguments, *[0] * (4 - len(arguments)))
    return libc.prctl(option, *[ctypes.c_ulong(argument) for argument in padded])


def _check(result):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


ROOT, USER, GROUP = 0, os.getuid(), os.getgid()


def _map_ids(user, group):
    """Maps the ids of this process in its new user namespace; without a map they mean nothing there."""
    for name, text in (("setgroups", "deny"), ("uid_map", "%d %d 1" % user), ("gid_map", "%d %d 1" % group)):
        fd = os.open(f"self/{name}", os.O_WRONLY, dir_fd=PROC)
        os.write(fd, text.encode())
        os.close(fd)


def _mount_own_files():
    _check(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
    for path in WRITABLE:
        _check(libc.mount(b"tmpfs", path, b"tmpfs", MS_NOSUID | MS_NODEV, WRITABLE_OPTIONS))
    # Terminals have numbers, which would be shared otherwise.
    _check(libc.mount(b"devpts", b"/dev/pts", b"devpts", MS_NOSUID | MS_NOEXEC, b"newinstance,ptmxmode=0666,mode=620"))


def _keep_only(connection):
    """Keeps descriptors 0 to 3, of which only the last two lead anywhere: standard error and the connection."""
    nothing = os.open("/dev/null", os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(connection, wire.CHANNEL)
    os.closerange(wire.CHANNEL + 1, 4_096)


def _give_up_rights(user):
    for capability in range(CAPABILITIES):
        if _prctl(PR_CAPBSET_DROP, capability) < 0:
            break  # The kernel has no more of them.
    _check(_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL))
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    _check(libc.capset(header, (ctypes.c_uint32 * 6)()))


main()
