"""The bounded pool that the story of a million requests ends with.

So many workers share one lazy iterator: each takes the next number when it is free.
"""

import asyncio

from counting import run


async def bounded_pool(get, requests, concurrency):
    numbers = iter(range(requests))

    async def work():
        for number in numbers:
            await get(number)

    await asyncio.gather(*(work() for _ in range(concurrency)))


run(bounded_pool)
