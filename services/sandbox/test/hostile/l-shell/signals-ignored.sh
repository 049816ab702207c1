# Ignores what it can, and waits.
# only: namespaces
# expect: timeout
# timeout_ms: 1000
trap '' TERM INT HUP QUIT USR1 USR2 CHLD PIPE
while true; do sleep 1; done
