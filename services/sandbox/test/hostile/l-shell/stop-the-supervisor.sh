# Stops its parent and then the group, so that nobody would watch the time.
# only: namespaces
# expect: success | error | killed | timeout
# timeout_ms: 1500
kill -STOP "$PPID" 1
kill -STOP 0
sleep 60
