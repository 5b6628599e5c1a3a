"""Requests a list of URLs with aiohttp, whose look-ups aiodns makes.

    python3 url_list.py FILE CONCURRENCY

So many workers share the lines of the file; addresses are kept as long as aiohttp keeps them by
default. Prints how many requests were answered, and how many failed.
"""

import asyncio
import sys

import aiohttp


async def main(file, concurrency):
    counts = {"answered": 0, "failed": 0}
    connector = aiohttp.TCPConnector(
        limit=concurrency, ssl=False, resolver=aiohttp.AsyncResolver()
    )
    async with aiohttp.ClientSession(connector=connector) as session:
        with open(file) as lines:

            async def work():
                for line in lines:
                    try:
                        async with session.get(line.rstrip()) as response:
                            await response.read()
                            counts["answered"] += 1
                    except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
                        counts["failed"] += 1

            await asyncio.gather(*(work() for _ in range(concurrency)))
    print(counts)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
