# from: code copied from a web page
# stdout: ^1 kept:  !\n$

if True:
    x = 1
    print(x, "kept:  !")
