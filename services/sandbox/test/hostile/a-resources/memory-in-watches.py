# Each of a process's descriptors watches each of the others, in every process.
# only: namespaces
# expect: out_of_memory
# memory_mb: 64
# alone: yes
import os
import select
import time

for _ in range(60):
    if os.fork() == 0:
        watched, watchers = [os.eventfd(0) for _ in range(120)], []
        try:
            for _ in range(120):
                watchers.append(select.epoll())
                for fd in watched:
                    watchers[-1].register(fd)
        except OSError:
            pass
        time.sleep(20)
        os._exit(0)
time.sleep(20)
print("ESCAPED with a million watches")
