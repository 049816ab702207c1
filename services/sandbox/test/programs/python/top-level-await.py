# from: notebook habit
# result: ^'done'$

import asyncio

async def work():
    await asyncio.sleep(0.01)
    return "done"

await work()
