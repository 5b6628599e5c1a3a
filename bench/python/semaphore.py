"""A task for each request, all made up front; a semaphore lets so many of them through.

The requests in flight are bounded, the tasks are not: memory grows with the requests.
"""

import asyncio

from counting import run


async def semaphore(get, requests, concurrency):
    free = asyncio.Semaphore(concurrency)

    async def one(number):
        async with free:
            await get(number)

    await asyncio.gather(*(one(number) for number in range(requests)))


run(semaphore)
