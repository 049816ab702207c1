# Who has an account here, and which shadow of a password.
# expect: success
# stdout: CONTAINED
for path in ("/etc/passwd", "/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/security/opasswd"):
    try:
        content = open(path).read()
    except OSError:
        continue
    if "shadow" in path or "sudo" in path or "daemon:" in content or "/home/" in content:
        print("ESCAPED:", path, content[:100])
print("CONTAINED")
