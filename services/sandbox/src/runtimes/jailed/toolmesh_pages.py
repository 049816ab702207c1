"""Keeps in the memory of forks what is mapped here.

A fork has the pages of files only where something in their mapping was written to; else each page that it comes to, of
the interpreter's own code, is a fault of microseconds. So each mapping of a library is written to once, with what it holds.
"""

import ctypes
import os

READ, WRITE, EXECUTE = 1, 2, 4
MADV_POPULATE_READ = 22
PAGE = os.sysconf("SC_PAGE_SIZE")


def keep_in_forks(proc):
    """Fills the mappings of files and marks them; `proc` is a descriptor of /proc. Where the kernel refuses, nothing is."""
    libc = ctypes.PyDLL(None, use_errno=True)
    libc.mprotect.argtypes = libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for start, length, protection in _mappings_of_files(proc):
        libc.madvise(start, length, MADV_POPULATE_READ)
        if libc.mprotect(start, length, protection | WRITE) == 0:
            ctypes.memmove(start, ctypes.string_at(start, 1), 1)
            libc.mprotect(start, length, protection)


def _mappings_of_files(proc):
    """Returns (start, length, protection) of private mappings of files that nothing can write to."""
    fd = os.open("self/maps", os.O_RDONLY, dir_fd=proc)
    with os.fdopen(fd) as file:
        lines = [line.split(maxsplit=5) for line in file]
    found = []
    for addresses, flags, _, _, inode, *_ in lines:
        if inode == "0" or flags[1] == "w" or flags[0] != "r" or flags[3] != "p":
            continue
        start, end = (int(address, 16) for address in addresses.split("-"))
        found.append((start, end - start, READ | (EXECUTE if flags[2] == "x" else 0)))
    return found
