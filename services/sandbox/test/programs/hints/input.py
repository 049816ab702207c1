# from: input() without stdin
# status: error
# error: ^EOFError: EOF when reading a line\. input\(\) had nothing to read: give the text that it reads as stdin

name = input("Name? ")
