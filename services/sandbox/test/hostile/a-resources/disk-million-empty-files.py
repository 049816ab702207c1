# Names without content.
# expect: timeout | success | out_of_memory | error
# timeout_ms: 1000
# alone: yes
import os

for number in range(1_000_000):
    os.close(os.open(f"hostile-{number}", os.O_CREAT | os.O_WRONLY))
