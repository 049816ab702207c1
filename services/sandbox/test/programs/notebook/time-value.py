# from: notebook habit (x = %time ...)
# result: ^45$

total = %time sum(range(10))
total
