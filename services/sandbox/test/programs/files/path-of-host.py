# from: what must stay refused
# file /etc/passwd: x
# status: refused
# refused: must be a relative path

1
