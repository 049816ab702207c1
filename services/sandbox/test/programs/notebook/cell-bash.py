# from: notebook habit (%%bash)
# only: namespaces
# stdout: ^3\nok\n$

%%bash
echo $((1 + 2))
[ -d /work ] && echo ok
