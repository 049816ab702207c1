# Devices that are the machine itself.
# expect: success
# stdout: CONTAINED
import glob
import os

wanted = ["/dev/mem", "/dev/kmem", "/dev/port", "/dev/kmsg", "/dev/fuse", "/dev/net/tun", "/dev/kvm", "/dev/vhost-net",
          "/dev/vsock", "/dev/loop-control", "/dev/mapper/control", "/dev/cpu_dma_latency", "/dev/hpet", "/dev/rtc0",
          "/dev/userfaultfd", "/dev/uinput", "/dev/snapshot", "/dev/autofs", "/dev/ppp", "/dev/dri/card0"]
wanted += [path for pattern in ("sd?", "vd?", "nvme*", "xvd?", "loop*", "dm-*", "ram*") for path in glob.glob("/dev/" + pattern)]
opened = []
for path in wanted:
    for flags in (os.O_RDONLY, os.O_WRONLY):
        try:
            os.close(os.open(path, flags | os.O_NONBLOCK))
            opened.append(path)
        except OSError:
            pass
print(f"ESCAPED by {opened}" if opened else "CONTAINED")
