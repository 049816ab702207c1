# The same signal from a program that has reported nothing: it has to be waited for.
# only: namespaces
# expect: success
# stdout: the end
import os
import signal
import time

for _ in range(100):
    os.kill(os.getppid(), signal.SIGUSR1)
    time.sleep(0.001)
print("the end")
