"""Makes the requests of a list, each once, with a bounded pool, and says what became of each.

    python3 listed.py LIST CONCURRENCY TIMEOUT_SECONDS POST_BYTES UPLOAD_BYTES

The list has a URL a line: with `/post/` in it for a POST with a short body, with `/post/upload/` for one
with a long body in chunks, else for a GET. For each, `URL STATUS` is printed, with the status 0 for one that
failed and the name of the exception behind it.
"""

import asyncio
import sys

import aiohttp

CHUNK_BYTES = 16_384


async def chunks(size):
    for start in range(0, size, CHUNK_BYTES):
        yield b"x" * min(CHUNK_BYTES, size - start)


async def main(path, concurrency, timeout, post_bytes, upload_bytes):
    with open(path) as file:
        urls = iter(file.read().split())
    connector = aiohttp.TCPConnector(limit=concurrency, ssl=False)
    limit = aiohttp.ClientTimeout(total=timeout)
    async with aiohttp.ClientSession(connector=connector, timeout=limit) as session:

        async def make(url):
            if "/upload/" in url:
                return session.post(url, data=chunks(upload_bytes))
            if "/post/" in url:
                return session.post(url, data=b"x" * post_bytes)
            return session.get(url)

        async def work():
            for url in urls:
                try:
                    async with await make(url) as response:
                        await response.read()
                        print(url, response.status)
                except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
                    print(url, 0, type(error).__name__)

        await asyncio.gather(*(work() for _ in range(concurrency)))


asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
