# A loop that waits for what cannot come.
# expect: timeout
# timeout_ms: 500
import asyncio

await asyncio.get_running_loop().create_future()
