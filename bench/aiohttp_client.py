"""A peer of `myriad`: the bounded pool that the story of a million requests ends with.

N workers share one lazy iterator, so memory stays flat. Nothing is kept, and only counts are told.

    python3 aiohttp_client.py URL REQUESTS CONCURRENCY
"""

import asyncio
import json
import sys
import time

import aiohttp


async def work(session, urls, counts):
    for url in urls:
        try:
            async with session.get(url) as response:
                await response.read()
                counts["requests" if response.status == 200 else "failed"] += 1
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
            counts["failed"] += 1


async def main(url, requests, concurrency):
    counts = {"requests": 0, "failed": 0}
    # One iterator for all workers: each takes the next number when it is free.
    urls = (f"{url}{number}" for number in range(requests))
    start = time.perf_counter()
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(work(session, urls, counts) for _ in range(concurrency)))
    seconds = time.perf_counter() - start
    print(json.dumps({**counts, "seconds": seconds, "rate": counts["requests"] / seconds}))


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
