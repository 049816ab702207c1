# from: ordinary code; the tutorial of multiprocessing
# only: namespaces
# stdout: ^spawn \[0, 1, 4, 9\]\nforkserver \[0, 1, 4, 9\]\nspawn 7\n$
# stderr: ^$

import multiprocessing as mp


def square(n):
    return n * n


def put(queue):
    queue.put(7)


if __name__ == "__main__":
    for method in ("spawn", "forkserver"):
        with mp.get_context(method).Pool(2) as pool:
            print(method, pool.map(square, range(4)), flush=True)
    mp.set_start_method("spawn", force=True)
    queue = mp.Queue()
    process = mp.Process(target=put, args=(queue,))
    process.start()
    print(mp.get_start_method(), queue.get())
    process.join()
