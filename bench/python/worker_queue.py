"""So many workers, who take numbers from one bounded queue until they are told to go home."""

import asyncio

from counting import run


async def worker_queue(get, requests, concurrency):
    queue = asyncio.Queue(maxsize=concurrency)

    async def work():
        while (number := await queue.get()) is not None:
            await get(number)

    workers = [asyncio.ensure_future(work()) for _ in range(concurrency)]
    for number in range(requests):
        await queue.put(number)
    for _ in workers:
        await queue.put(None)
    await asyncio.gather(*workers)


run(worker_queue)
