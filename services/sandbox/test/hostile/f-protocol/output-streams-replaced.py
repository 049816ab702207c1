# Streams that are something else, or nothing.
# expect: success | error
import sys

sys.stdout = None
sys.stderr = object()
sys.__stdout__ = sys.__stderr__ = 5
print("nowhere")
