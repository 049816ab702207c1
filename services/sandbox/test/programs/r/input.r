# from: standard input and files
# stdin: 1,2\n3,4
# stdout: ^4 6 \n$
# artifacts: sums.csv text/csv

rows <- read.csv(file("stdin"), header = FALSE)
cat(colSums(rows), "\n")
write.csv(rows, "sums.csv", row.names = FALSE)
