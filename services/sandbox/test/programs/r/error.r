# from: an error that nobody catches
# status: error
# stdout: before
# stderr: Error.*object 'nothing_here' not found

cat("before\n")
print(nothing_here)
