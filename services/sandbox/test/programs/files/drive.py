# from: what must stay refused
# file "C:data.csv": x
# status: refused
# refused: must be a plain relative path

1
