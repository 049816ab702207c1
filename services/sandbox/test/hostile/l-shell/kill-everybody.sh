# Ends whatever it can reach.
# only: namespaces
# expect: success | error | killed
kill -9 -1 2>/dev/null
kill -9 1 "$PPID" 2>/dev/null
kill -STOP "$PPID" 1 2>/dev/null
echo done
