# from: notebook habit
# result: ^7$

import asyncio
import nest_asyncio
nest_asyncio.apply()

async def main():
    return 7

await asyncio.sleep(0)
asyncio.run(main())
