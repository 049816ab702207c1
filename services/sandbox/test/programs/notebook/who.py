# from: notebook habit (%who)
# stdout: ^apple   pear\n$

apple, pear = 1, 2
%who
