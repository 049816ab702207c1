# from: notebook habit (%matplotlib inline)
# stdout: ^ok\n$

%matplotlib inline
%load_ext autoreload
%autoreload 2
print("ok")
