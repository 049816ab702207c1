# Children in sessions of their own, deaf to interrupts, go on writing while files are read.
# expect: timeout
# timeout_ms: 700
# only: namespaces
import os, signal

for number in range(8):
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while True:
            with open(f"hostile-{number}", "ab") as file:
                file.write(b"x" * 100_000)
                if file.tell() > 4_000_000:
                    file.truncate(0)
while True:
    try:
        os.wait()
    except BaseException:
        pass
