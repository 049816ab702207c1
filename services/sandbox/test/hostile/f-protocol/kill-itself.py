# A SIGKILL of its own is not one for lack of memory, nor one for lack of time.
# expect namespaces: killed
# expect wasm: killed | error | success
import os
import signal

os.kill(os.getpid(), signal.SIGKILL)
