# Fills each folder that it may write.
# only: namespaces
# expect: success | error | killed | out_of_memory | timeout
# timeout_ms: 6000
for folder in /work /tmp /dev/shm; do cat /dev/zero > "$folder/zeros" 2>/dev/null; done
i=0
while [ $i -lt 20000 ] && : > "/work/name-$i"; do i=$((i + 1)); done 2>/dev/null
