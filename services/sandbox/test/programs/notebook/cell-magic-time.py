# from: notebook habit (%%time)
# stdout: ^4950\nCPU times: .*Wall time: 

%%time
print(sum(range(100)))
