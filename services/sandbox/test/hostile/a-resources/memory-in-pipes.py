# What is written into pipes and not read lies in the kernel.
# expect: success | out_of_memory
# memory_mb: 64
import fcntl
import os

taken = 0
try:
    for _ in range(2000):
        _reader, writer = os.pipe()
        os.set_blocking(writer, False)
        try:
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 2**20)
        except (OSError, AttributeError):
            pass
        taken += os.write(writer, b"x" * 2**20)
except (OSError, AttributeError):
    pass
print(f"ESCAPED with {taken >> 20} MiB" if taken > 512 * 2**20 else "CONTAINED")
