"""A link with delay and jitter, for kernels without netem: all that is routed to a TUN device comes
back out of it some time later. Packets keep their order, as on most real links.

    python3 relay.py DEVICE DELAY_MS JITTER_MS
"""

import fcntl
import os
import random
import select
import struct
import sys
import time
from collections import deque

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
MAX_PACKETS = 100_000


def main():
    device, delay, jitter = sys.argv[1], float(sys.argv[2]) / 1000, float(sys.argv[3]) / 1000
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TUN | IFF_NO_PI))
    waiting = deque()
    last = 0
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            try:
                os.write(tun, waiting[0][1])
            except BlockingIOError:
                break
            except OSError:
                pass
            waiting.popleft()
        timeout = max(0, waiting[0][0] - now) if waiting else None
        if not select.select([tun], [], [], timeout)[0]:
            continue
        try:
            while True:
                packet = os.read(tun, 65_536)
                if len(waiting) >= MAX_PACKETS:
                    continue
                last = max(last, time.monotonic() + delay + random.uniform(-jitter, jitter))
                waiting.append((last, packet))
        except BlockingIOError:
            pass
        except OSError:
            # The device is not up yet.
            time.sleep(0.01)


main()
