# A string that doubles.
# only: namespaces
# expect: error | killed | out_of_memory | timeout
# timeout_ms: 6000
# memory_mb: 64
x=aaaaaaaaaaaaaaaa
while true; do x=$x$x; done
