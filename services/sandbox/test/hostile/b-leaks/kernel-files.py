# What the kernel tells about itself and the machine, and what it lets itself be told.
# expect: success
# stdout: CONTAINED
secrets = ("/proc/kcore", "/proc/kmsg", "/proc/keys", "/proc/sched_debug", "/proc/1/maps", "/proc/timer_list",
           "/proc/vmallocinfo", "/proc/slabinfo", "/proc/iomem", "/sys/kernel/security", "/sys/firmware/efi",
           "/sys/kernel/debug/x86", "/proc/1/stack")
for path in secrets:
    try:
        content = open(path, "rb").read(64).strip(b"\0\n -")
    except OSError:
        continue
    if content and path != "/proc/keys" and any(content.replace(b"0", b"").replace(b":", b"")):
        print(path, content)
switches = ("/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches",
            "/proc/sys/kernel/modprobe", "/proc/self/uid_map", "/proc/self/setgroups", "/proc/1/oom_score_adj",
            "/sys/kernel/uevent_helper", "/proc/acpi", "/proc/bus", "/proc/irq/default_smp_affinity")
for path in switches:
    try:
        with open(path, "r+b"):
            print("ESCAPED: can be written:", path)
    except OSError:
        pass
try:
    addresses = [line.split()[0] for line in open("/proc/kallsyms")][:100]
    print("ESCAPED: addresses of the kernel" if any(address.strip("0") for address in addresses) else "")
except OSError:
    pass
print("CONTAINED")
