# Names without content, in every folder that can be written: files, links of both kinds, folders in folders.
# only: namespaces
# expect: error | success | out_of_memory | timeout
# stdout: CONTAINED
# timeout_ms: 15000
# alone: yes
import os

made = 0
for folder in ("/dev/shm", "/tmp", "/work"):
    home = f"{folder}/hostile-names"
    try:
        os.mkdir(home)
        os.close(os.open(f"{home}/first", os.O_CREAT | os.O_WRONLY))
        for number in range(20_000):
            name = f"{home}/{number:0200}"
            if number % 4 == 0:
                os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
            elif number % 4 == 1:
                os.symlink("x" * 100, name)
            elif number % 4 == 2:
                os.link(f"{home}/first", name)
            else:
                os.mkdir(name)
            made += 1
    except OSError:
        pass
print(f"ESCAPED with {made} names" if made > 3 * 16_384 else "CONTAINED", flush=True)
os._exit(0)
