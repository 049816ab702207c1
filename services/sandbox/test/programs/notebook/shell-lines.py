# from: notebook habit (!ls, !cat, x = !ls)
# only: namespaces
# file a.txt: one\ntwo\n
# stdout: ^one\ntwo\na\.txt\n3 a.txt\n$
# result: ^\['one', 'two'\]$

name = "a.txt"
!cat $name
!ls
!echo {1 + 2} {name}
lines = !cat a.txt
lines
