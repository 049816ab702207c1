# A gigabyte out of a megabyte.
# only: namespaces
# expect: success | error | killed | out_of_memory | timeout
# timeout_ms: 6000
head -c 1000000000 /dev/zero | gzip > bomb.gz
gunzip -c bomb.gz > out 2>/dev/null
x=$(gunzip -c bomb.gz | tr '\0' 'a')
