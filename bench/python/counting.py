"""What the strategies share: a GET that is counted and never raises, the clock, and the summary.

A strategy is `async def strategy(get, requests, concurrency)`: it awaits `get(number)` once for each
number from 0. Nothing is kept of an answer, and only counts are told.

    python3 STRATEGY.py URL REQUESTS CONCURRENCY
"""

import asyncio
import json
import sys
import time

import aiohttp


def run(strategy):
    asyncio.run(measure(strategy, sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))


async def measure(strategy, url, requests, concurrency):
    counts = {"requests": 0, "failed": 0}
    start = time.perf_counter()
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def get(number):
            try:
                async with session.get(f"{url}{number}") as response:
                    await response.read()
                    counts["requests" if response.status == 200 else "failed"] += 1
            except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
                counts["failed"] += 1

        await strategy(get, requests, concurrency)
    seconds = time.perf_counter() - start
    print(json.dumps({**counts, "seconds": seconds, "rate": counts["requests"] / seconds}))
