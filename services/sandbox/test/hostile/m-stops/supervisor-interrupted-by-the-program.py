# Signals to the process that watches: it is not the program's to interrupt.
# expect: timeout
# timeout_ms: 700
# only: namespaces
import os, signal

for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGCHLD, signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
    for pid in (1, os.getppid()):
        try:
            os.kill(pid, number)
        except OSError:
            pass
while True:
    pass
