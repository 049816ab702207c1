# from: magics beside strings that look like some
# stdout: ^!notme\n  %nor me\n$

%matplotlib inline
text = """!notme
  %nor me"""
print(text)
