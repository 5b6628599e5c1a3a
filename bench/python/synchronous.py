"""One request after another: the loop that everybody writes first."""

from counting import run


async def synchronous(get, requests, concurrency):
    for number in range(requests):
        await get(number)


run(synchronous)
