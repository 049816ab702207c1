# What the shell talks to its supervisor by is none of a program's.
# only: namespaces
# expect: success
# stdout: ^CONTAINED\n$
for fd in 3 4 5 6 7 8 9; do
  if { : >&"$fd"; } 2>/dev/null || { : <&"$fd"; } 2>/dev/null; then echo "ESCAPED: descriptor $fd"; exit; fi
done
echo CONTAINED
