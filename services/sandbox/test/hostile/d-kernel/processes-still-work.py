# So must threads, processes and what connects them.
# expect: success
# stdout: 42 6 \[0, 1, 4\] 15
# only: namespaces
import asyncio
import concurrent.futures
import multiprocessing
import subprocess
import sys


def square(n):
    return n * n


async def ask():
    process = await asyncio.create_subprocess_exec("/bin/sh", "-c", "echo 15", stdout=subprocess.PIPE)
    return (await process.communicate())[0].decode().strip()


said = subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True).stdout.strip()
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    threads = sum(pool.map(int, "123"))
with multiprocessing.get_context("fork").Pool(2) as pool:
    processes = pool.map(square, range(3))
print(said, threads, processes, await ask())
