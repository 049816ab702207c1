"""Makes jails by forking: one for each worker that the service asks for, in a fraction of the time that bubblewrap needs.

It runs in a jail itself, which shows what its workers are to see and all package layers, and no program ever runs in it
or speaks to it. The service connects to a socket here, whose path leads through its own /proc, and asks for a worker in
JSON; the connection becomes the worker's descriptor 3. Between its fork and its interpreter, a child sets up the jail:
namespaces of its own, files of its own, one layer at most, a user and limits of its own, no capability, the filter of
system calls. The interpreter is a new one, with its own hashes and addresses.
"""

import ctypes
import fcntl
import os
import resource
import select
import sys

sys.path.append(os.path.dirname(sys.argv[0]))

import _socket

import toolmesh_limits as limits
import toolmesh_wire as wire

FILTER, PROC = 4, 5
"""Descriptors that the service has opened: the filter of system calls, and its /proc, since a jail has none."""
COMMAND = sys.argv[1:]
"""The command of a worker."""
SOCKET_PATH = "/tmp/launcher.sock"
MAX_REQUEST = 4_096

WRITABLE = (b"/dev/shm", b"/tmp", b"/work")
WRITABLE_OPTIONS = b"size=64m,nr_inodes=16k,mode=1777"
"""Names count as well as bytes: the kernel keeps 1 KiB for each, in memory that is nobody's."""
TERMINAL_OPTIONS = b"newinstance,ptmxmode=0666,mode=620,max=64"
"""Terminals have numbers, which would be shared otherwise, and of which the machine has 4,096."""
LAYERS, PACKAGES, NOTHING = b"/opt/layers", b"/opt/packages", b"/proc"
"""Folders of all package layers, for a worker's own one, and one that is empty."""

STDERR_BYTES = 64 << 10
STDERR_TAIL_BYTES = 4_096

NICE = 10
"""The service comes before its workers, and a worker's supervisor before the program that it watches."""

# From sched.h, sys/mount.h, linux/prctl.h, linux/capability.h.
NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (1 << bit for bit in (17, 25, 26, 27, 28, 29, 30))
SIGCHLD = 17
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 1 << 12, 1 << 14, 1 << 18
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_CAP_AMBIENT = 38, 22, 24, 47
PR_CAP_AMBIENT_CLEAR_ALL, SECCOMP_MODE_FILTER = 4, 2
PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_FORCE_DISABLE = 53, 0, 1, 8
F_ADD_SEALS, F_SEAL_SHRINK, F_SEAL_GROW = 1033, 2, 4
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
                    workers[worker.process] = worker
                    poller.register(worker.process, select.POLLIN)
            elif fd in workers:
                poller.unregister(fd)
                _reap(workers.pop(fd))


def _read_filter():
    data = b""
    while part := os.read(FILTER, 65_536):
        data += part
    os.close(FILTER)
    return Program(len(data) // 8, data)


class Worker:
    """A worker that runs: the descriptor of its process, its number, its id, and the file of its standard error."""

    def __init__(self, process, number, pid, stderr):
        self.process, self.number, self.pid, self.stderr = process, number, pid, stderr


def _start(connection, program, is_root):
    """Starts the worker that a caller asks for; returns nothing when there is none."""
    data = os.read(connection, MAX_REQUEST)
    if not data:
        return None  # The caller has gone away.
    request = wire.from_json(data)
    stderr = _file_of_fixed_size()
    flags = NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWPID | NEWNET | (0 if is_root else NEWUSER)
    pid = libc.syscall(CLONE, ctypes.c_long(flags | SIGCHLD), *[ctypes.c_long(0)] * 4)
    if pid == 0:
        _become_a_worker(connection, stderr, program, is_root, request)
    if pid < 0:
        why = f"no process for a worker: {os.strerror(ctypes.get_errno())}"
        os.close(stderr)
        _report_gone(request["id"], 71, None, why)
        return None
    process = os.pidfd_open(pid)
    wire.send(wire.STARTED, wire.to_json({"id": request["id"], "pid": _pid_outside(process)}))
    return Worker(process, request["id"], pid, stderr)


def _file_of_fixed_size():
    """Makes a nameless file for a worker's standard error: what does not fit in cannot be written."""
    fd = os.memfd_create("stderr", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, STDERR_BYTES)
    fcntl.fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)
    return fd


def _pid_outside(process):
    """Returns the id of a process, given its descriptor, outside of this jail."""
    fd = os.open(f"self/fdinfo/{process}", os.O_RDONLY, dir_fd=PROC)
    try:
        lines = os.read(fd, 4_096).decode().splitlines()
    finally:
        os.close(fd)
    return next(int(line[4:]) for line in lines if line.startswith("Pid:"))


def _kill(workers, number):
    for worker in workers.values():
        if worker.number == number:
            # It is our child and not reaped yet: the id is still its own.
            os.kill(worker.pid, 9)


def _reap(worker):
    ended = os.waitid(os.P_PIDFD, worker.process, os.WEXITED)
    os.close(worker.process)
    text = os.pread(worker.stderr, STDERR_BYTES, 0).rstrip(b"\0")[-STDERR_TAIL_BYTES:].decode("latin-1")
    os.close(worker.stderr)
    if ended.si_code == os.CLD_EXITED:
        _report_gone(worker.number, ended.si_status, None, text)
    else:
        _report_gone(worker.number, None, ended.si_status, text)


def _report_gone(number, exit_code, signal, stderr):
    message = {"id": number, "exit_code": exit_code, "signal": signal, "stderr": stderr}
    wire.send(wire.GONE, wire.to_json(message))


# --- what a child does, before it is a worker ---


def _become_a_worker(connection, stderr, program, is_root, request):
    """Sets up the jail and becomes the worker. Never returns."""
    try:
        os.dup2(stderr, 2)
        if request["waits"]:
            os.read(connection, 1)  # Until the service has put this process where it is to be counted.
        if not is_root:
            _map_ids((ROOT, USER), (ROOT, GROUP))
        _mount_own_files(request["packages"])
        if not is_root:
            # It was root to mount terminals; from here on it owns no mount.
            _check(libc.unshare(NEWUSER))
            _map_ids((USER, ROOT), (GROUP, ROOT))
        os.setsid()
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        os.chdir("/work")
        _keep_only(connection)
        _limit(request["address_bytes"])
        _give_up_rights(request["user"] if is_root else None)
        _check(_prctl(PR_SET_NO_NEW_PRIVS, 1))
        for what in (PR_SPEC_STORE_BYPASS, PR_SPEC_INDIRECT_BRANCH):
            _prctl(PR_SET_SPECULATION_CTRL, what, PR_SPEC_FORCE_DISABLE)  # Where the processor needs it and can.
        _check(_prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(program)))
        os.execve(COMMAND[0], [*COMMAND, *request["args"]], {**os.environ, **request["env"]})
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


def _limit(address_bytes):
    limits.apply()
    if address_bytes is not None:
        limits.limit_one(resource.RLIMIT_AS, address_bytes)


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
