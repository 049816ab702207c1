# Writes into every folder of the system's.
# only: namespaces
# expect: success
# stdout: ^CONTAINED\n$
for folder in / /usr /usr/bin /usr/lib /opt /opt/bash /opt/sandbox /opt/packages /etc /dev; do
  if (: > "$folder/mark") 2>/dev/null; then echo "ESCAPED: $folder"; exit; fi
done
echo CONTAINED
