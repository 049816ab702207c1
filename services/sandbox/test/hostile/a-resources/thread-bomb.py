# Threads until there are no more. Ten thousand would be too many.
# expect: success | out_of_memory
# stdout: CONTAINED
# timeout_ms: 8000
# alone: yes
import threading

over = threading.Event()
started = 0
try:
    while started < 10_000:
        threading.Thread(target=over.wait, daemon=True).start()
        started += 1
except (RuntimeError, MemoryError):
    pass
over.set()
print("ESCAPED with ten thousand threads" if started == 10_000 else "CONTAINED")
