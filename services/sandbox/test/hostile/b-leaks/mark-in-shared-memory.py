# The same in memory that has a name.
# expect: success
# stdout: CONTAINED
# runs: 2
try:
    from multiprocessing import shared_memory

    try:
        shared_memory.SharedMemory(name="hostile-mark", create=True, size=4096)
    except FileExistsError:
        print("ESCAPED: the memory of the run before is there")
except (ImportError, OSError):
    pass
print("CONTAINED")
