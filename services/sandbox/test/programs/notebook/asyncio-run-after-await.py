# from: asyncio mixed
# result: ^\[1, 2, 3\]$

import asyncio

async def number(n):
    await asyncio.sleep(0)
    return n

first = await number(1)
second = asyncio.run(number(2))
third = asyncio.get_event_loop().run_until_complete(number(3))
[first, second, third]
