# Leaves a background job and a trap behind that wait for the next program.
# only: namespaces
# expect: success | timeout
# runs: 2
# stdout: ^CONTAINED\n$
[ -e /tmp/mark ] || [ -e /dev/shm/mark ] && echo ESCAPED && exit
touch /tmp/mark /dev/shm/mark
(trap '' HUP; sleep 30; echo late) &
echo CONTAINED
