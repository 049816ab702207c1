# from: open-webui#10510 (files that did not reach the program)
# file data.csv: a\n1\n
# status: error
# error: No such file or directory: 'sales\.csv'\. The working directory was given data\.csv$

open("sales.csv")
