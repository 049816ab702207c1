# Files that tell in which network the machine is and what it is called there.
# expect: success
# stdout: CONTAINED
for path in ("/etc/resolv.conf", "/etc/hosts", "/etc/hostname", "/etc/network/interfaces", "/proc/net/arp"):
    try:
        content = open(path).read()
    except OSError:
        continue
    print(path, content)
    if any(word in content for word in ("nameserver", "172.", "10.", "192.168.", "search ")):
        print("ESCAPED by", path)
print("CONTAINED")
