# from: a modulo at the beginning of a line is no magic
# result: ^1$

(7
% 2)
