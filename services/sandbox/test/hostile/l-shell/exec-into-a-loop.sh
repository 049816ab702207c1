# Becomes itself over and over, so that no process of it is ever old.
# only: namespaces
# expect: timeout
# timeout_ms: 1000
printf 'exec bash /work/again.sh\n' > again.sh
exec bash /work/again.sh
