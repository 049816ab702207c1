# The same through an event loop.
# expect: success
# stdout: CONTAINED
import asyncio

for host in ("127.0.0.1", "1.1.1.1", "example.com"):
    try:
        await asyncio.wait_for(asyncio.open_connection(host, 80), 0.5)
        print("ESCAPED to", host)
    except (OSError, NotImplementedError, TimeoutError, asyncio.TimeoutError, RuntimeError):
        pass
print("CONTAINED")
