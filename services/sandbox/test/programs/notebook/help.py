# from: interactive habit
# stdout: ^Help on .*len.*Return the number of items

help(len)
