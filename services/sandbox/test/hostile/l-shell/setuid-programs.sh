# Looks for a program that runs as somebody else.
# only: namespaces
# expect: success
# stdout: ^CONTAINED\n$
found=$(find / -xdev -perm /6000 -type f 2>/dev/null)
[ -z "$found" ] && echo CONTAINED || echo "ESCAPED: $found"
