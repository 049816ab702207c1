# A loop that always has something left.
# expect: timeout
# timeout_ms: 600
import asyncio


async def forever():
    while True:
        await asyncio.sleep(0)


await asyncio.gather(*(forever() for _ in range(100)))
