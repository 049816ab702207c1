# from: the error is the user's, not the magic's
# status: error
# error: line 3

%matplotlib inline
x = 1
y = = 2
