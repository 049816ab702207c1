# Bytes that are no UTF-8.
# expect: success
# stdout: �
import sys

sys.stdout.buffer.write(bytes(range(256)) * 10)
sys.stdout.buffer.write(b"\xc0\x80\xed\xa0\x80\xf5\x80\x80\x80\xe2\x82")
