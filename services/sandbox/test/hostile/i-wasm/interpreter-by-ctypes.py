# All of the interpreter's memory can be read and written; nothing else is there.
# expect: success | error | killed | out_of_memory
# only: wasm
import ctypes

wanted = ("can" + "ary-").encode()
found = ctypes.string_at(0, 40 * 2**20)
at = found.find(wanted)
print(found[at : at + 80] if at >= 0 else "nothing")
ctypes.memset(1024, 255, 2**20)
print("done")
