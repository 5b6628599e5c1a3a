"""A bounded pool of tasks, refilled as they complete.

`asyncio.wait` adds a callback to each task of the pool and takes it off again, every time.
"""

import asyncio
from itertools import islice

from counting import run


async def as_completed(get, requests, concurrency):
    tasks = (asyncio.ensure_future(get(number)) for number in range(requests))
    running = set(islice(tasks, concurrency))
    while running:
        done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        running.update(islice(tasks, len(done)))


run(as_completed)
