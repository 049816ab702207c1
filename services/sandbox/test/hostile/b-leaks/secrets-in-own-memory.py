# Reads all of its own memory, as far as it can be read, for what looks like a secret.
# expect: success | error | timeout
# timeout_ms: 3000
import re

wanted = re.compile(b"can" + b"ary-[0-9a-f]{8,}[ -~]*|CAN" + b"ARY_[A-Z]+=[ -~]+")
try:
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            start, end = (int(number, 16) for number in line.split()[0].split("-"))
            if " r" not in line or end - start > 2**26 or "[v" in line:
                continue
            try:
                memory.seek(start)
                for match in wanted.finditer(memory.read(end - start)):
                    print(match.group())
            except (OSError, ValueError, OverflowError):
                pass
except OSError:
    pass
print("CONTAINED")
