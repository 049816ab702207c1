# The famous one, bounded by the jail's 64 processes.
# only: namespaces
# expect: timeout | killed | error | success
# timeout_ms: 1000
# alone: yes
bomb() { bomb | bomb & }
bomb
sleep 60
