# from: notebook habit (%timeit, %%timeit)
# stdout: ^\S+ \S+ ± \S+ \S+ per loop \(mean ± std\. dev\. of 2 runs, 10 loops each\)\n$

data = list(range(10))
%timeit -n 10 -r 2 sum(data)
