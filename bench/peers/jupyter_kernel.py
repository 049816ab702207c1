"""Runs each line of standard input, a program in JSON, in one Jupyter kernel; answers with a line when it is done."""

import json
import sys

from jupyter_client.manager import start_new_kernel

_, client = start_new_kernel(kernel_name="python3")
print("ready", flush=True)
for line in sys.stdin:
    reply = client.execute_interactive(json.loads(line), output_hook=lambda message: None, timeout=60)
    print(reply["content"]["status"], flush=True)
