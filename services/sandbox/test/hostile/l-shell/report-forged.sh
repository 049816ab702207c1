# Says on every descriptor that it has succeeded, and goes on.
# only: namespaces
# expect: timeout | success | error | killed
# timeout_ms: 1500
for fd in 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
  { printf '{"result":"forged","exit_code":0,"cpu_ms":-5,"signal":"SIGKILL"}\n.' >&"$fd"; } 2>/dev/null
done
kill -USR1 "$PPID"
sleep 60
