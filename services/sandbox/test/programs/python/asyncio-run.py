# from: scripts
# stdout: ^\[0, 1, 4\]\n$

import asyncio

async def square(n):
    await asyncio.sleep(0)
    return n * n

async def main():
    print(await asyncio.gather(*map(square, range(3))))

asyncio.run(main())
