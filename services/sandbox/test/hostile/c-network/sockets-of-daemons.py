# Daemons that do for their callers what these may not do.
# expect: success
# stdout: CONTAINED
import socket

paths = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock",
         "/run/dbus/system_bus_socket", "/run/systemd/private", "/run/systemd/journal/socket", "/run/snapd.socket",
         "/run/user/0/bus", "/run/user/1000/bus", "/tmp/.X11-unix/X0", "/run/nscd/socket", "/dev/log",
         "\0/tmp/.X11-unix/X0", "\0/containerd-shim", "\0/org/kernel/linux/storage/multipathd")
for path in paths:
    try:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(0.2)
            caller.connect(path)
            print("ESCAPED to", repr(path))
    except (OSError, AttributeError):
        pass
print("CONTAINED")
