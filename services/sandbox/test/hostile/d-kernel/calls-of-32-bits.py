# And a third one, from the time of 32 bits, by another instruction: machine code that the program brings along.
# only: namespaces
# expect: success | killed
# stdout: CONTAINED|^$
import ctypes
import mmap
import platform

answer = -1
if platform.machine() == "x86_64":
    # mov eax, 359 (socket); mov ebx, 2; mov ecx, 1; xor edx, edx; int 0x80; ret, with rbx kept
    code = bytes.fromhex("53 b867010000 bb02000000 b901000000 31d2 cd80 5b c3")
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    answer = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
print("ESCAPED: a socket" if answer >= 0 else "CONTAINED")
