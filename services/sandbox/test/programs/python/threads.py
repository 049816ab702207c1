# from: ordinary code
# only: namespaces
# stdout: ^45\n$

from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(lambda n: n, range(10))))
