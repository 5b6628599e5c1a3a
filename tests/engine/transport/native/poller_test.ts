import { assert, assertEquals, assertLess } from "@std/assert";
import {
  EPOLL_CTL_ADD,
  EPOLLOUT,
  type Libc,
} from "../../../../lib/engine/transport/native/libc.ts";
import type { Libraries } from "../../../../lib/engine/transport/native/libraries.ts";
import { Poller } from "../../../../lib/engine/transport/native/poller.ts";
import { NativeTransports } from "../../../../lib/engine/transport/native/transports.ts";
import type { Transport } from "../../../../lib/engine/transport/transport.ts";
import { openCheckedLibraries, WITHOUT_NATIVE } from "../../../fixtures/checked_libraries.ts";
import { StreamServer } from "../../../fixtures/stream_server.ts";
import { until } from "../../../fixtures/until.ts";

const ignore = WITHOUT_NATIVE !== undefined;

/** An echo server in a thread of its own. */
async function startEcho(): Promise<{ port: number; stop(): void }> {
  const url = new URL("../../../fixtures/echo_server.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  const port = await new Promise<number>((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
  });
  return { port, stop: () => worker.terminate() };
}

/** Counts the waits, by whether they block this thread. */
function countWaits(libraries: Libraries): { libraries: Libraries; waits: number } {
  const counted = { libraries, waits: 0 };
  const { epoll_wait, awaitEpoll } = libraries.libc;
  counted.libraries = {
    ...libraries,
    libc: {
      ...libraries.libc,
      epoll_wait: (...parameters) => {
        counted.waits++;
        return epoll_wait(...parameters);
      },
      awaitEpoll: (...parameters) => {
        counted.waits++;
        return awaitEpoll(...parameters);
      },
    },
  };
  return counted;
}

Deno.test("Poller gives timers their turns under load", { ignore }, async () => {
  const echo = await startEcho();
  const transports = new NativeTransports(openCheckedLibraries());
  const total = 50_000;
  let done = 0;
  let sent = 0;
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const open: Transport[] = [];
  for (let k = 0; k < 64; k++) {
    const send = (): void => {
      if (sent++ < total) transport.sendText("ping", undefined);
    };
    const transport = transports.open(
      { host: "127.0.0.1", port: echo.port, family: 4 },
      undefined,
      {
        onConnect: send,
        onRead: () => {
          done++;
          send();
        },
        onSecure: () => {},
        onEnd: () => {},
        onDrain: () => {},
        onClose: ({ message }) => {
          throw new Error(message);
        },
      },
    );
    open.push(transport);
  }
  await until(() => done === total);
  clearInterval(timer);
  // A slice is a millisecond, in which no machine gets a twentieth of the responses.
  assert(turns > 20, `${turns} turns`);
  for (const transport of open) transport.close();
  transports.close();
  echo.stop();
});

Deno.test("Poller does not spin while nothing comes", { ignore }, async () => {
  await using server = await StreamServer.start(() => {});
  const counted = countWaits(openCheckedLibraries());
  const transports = new NativeTransports(counted.libraries);
  let text = "";
  const transport = transports.open(
    { host: "127.0.0.1", port: server.port, family: 4 },
    undefined,
    {
      onConnect: () => {},
      onRead: (bytes, length) => text += new TextDecoder().decode(bytes.subarray(0, length)),
      onSecure: () => {},
      onEnd: () => {},
      onDrain: () => {},
      onClose: () => {},
    },
  );
  const peer = await server.first();
  for (let k = 1; k <= 20; k++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    peer.send("x");
    await until(() => text.length === k);
  }
  // For each event one wait that does not block, one in another thread, and one with nothing.
  assertLess(counted.waits, 20 * 4);
  transport.close();
  transports.close();
});

Deno.test("Poller tells no event of a file descriptor to its next owner", { ignore }, async () => {
  await using server = await StreamServer.start((peer) => peer.send("old"));
  const transports = new NativeTransports(openCheckedLibraries());
  const address = { host: "127.0.0.1", port: server.port, family: 4 };
  const seen: string[] = [];
  let later: Transport | undefined;
  const unused = { onSecure: () => {}, onDrain: () => {}, onEnd: () => {}, onClose: () => {} };
  const closeBoth = (): void => {
    if (later !== undefined) return;
    // Both have bytes to read now; the other one's event is in the same batch.
    for (const transport of both) transport.close();
    later = transports.open(address, undefined, {
      ...unused,
      onConnect: () => seen.push(`connect ${later!.remote}`),
      onRead: () => seen.push("read"),
    });
  };
  const both = [0, 1].map(() =>
    transports.open(address, undefined, { ...unused, onConnect: () => {}, onRead: closeBoth })
  );
  await until(() => seen.length === 2);
  assertEquals(seen, [`connect 127.0.0.1:${server.port}`, "read"]);
  later!.close();
  transports.close();
});

Deno.test(
  "Poller.afterReads() runs with and without sockets, and after the close",
  { ignore },
  async () => {
    const transports = new NativeTransports(openCheckedLibraries());
    await using server = await StreamServer.start(() => {});
    const runs: string[] = [];
    transports.afterReads(() => runs.push("resting"));
    await until(() => runs.length === 1);
    const address = { host: "127.0.0.1", port: server.port, family: 4 };
    let isConnected = false;
    const transport = transports.open(address, undefined, {
      onConnect: () => {
        transports.afterReads(() => runs.push("after"));
        runs.push("connect");
        isConnected = true;
      },
      onRead: () => {},
      onSecure: () => {},
      onEnd: () => {},
      onDrain: () => {},
      onClose: () => {},
    });
    await until(() => isConnected && runs.length === 3);
    await new Promise((resolve) => setTimeout(resolve, 10));
    transports.afterReads(() => runs.push("waiting"));
    await until(() => runs.length === 4);
    transport.close();
    transports.afterReads(() => runs.push("last"));
    transports.close();
    await until(() => runs.length === 5);
    assertEquals(runs, ["resting", "connect", "after", "waiting", "last"]);
  },
);

Deno.test(
  "Poller goes on when the system refuses to watch a file descriptor",
  { ignore },
  async () => {
    const libraries = openCheckedLibraries();
    let isRefused = false;
    const libc: Libc = {
      ...libraries.libc,
      epoll_ctl: (epoll, operation, fd, event) => {
        if (operation === EPOLL_CTL_ADD && isRefused) return -1;
        return libraries.libc.epoll_ctl(epoll, operation, fd, event);
      },
    };
    const poller = new Poller(libc);
    // A number that can be written to always.
    const [one, other] = [libc.eventfd(0, 0), libc.eventfd(0, 0)];
    const ready = Promise.withResolvers<void>();
    poller.watch(one, 0, { onReady: () => ready.resolve() });
    isRefused = true;
    poller.watch(other, 0, { onReady: () => {} });
    poller.unwatch(other);
    poller.change(one, EPOLLOUT);
    await ready.promise;
    poller.unwatch(one);
    const closed = Promise.withResolvers<void>();
    poller.close(closed.resolve);
    await closed.promise;
    for (const fd of [one, other]) assertEquals(libc.close(fd), 0);
    libraries.close();
  },
);
