import { assert, assertEquals, assertMatch } from "@std/assert";
import type { EngineOptions } from "../../lib/engine/options.ts";
import type { Result } from "../../lib/result.ts";
import { ENGINE_SUITE, SOCKET_ENGINES, type SuiteEngine } from "../fixtures/engine_suite.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { myriad } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { roundTrips } from "../fixtures/round_trips.ts";
import { target } from "../fixtures/target.ts";
import { AUTHORITY, TlsServer } from "../fixtures/tls_server.ts";
import { type Peer, WildServer } from "../fixtures/wild_server.ts";

// Answers that come before their request was sent, and connections that are not used again.

const OPTIONS: Partial<EngineOptions> = {
  // Where it is reached, nothing else ended the request.
  timeoutMs: 30_000,
  tls: { ca: AUTHORITY, insecure: false },
};

const speaksHttp1 = ({ name }: SuiteEngine): boolean => name !== "http2";

/** More than the system takes for a server that does not read. */
const LARGE = { method: "POST", body: new Uint8Array(16 << 20) };

const REFUSAL = "HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\nno";

/** Reads the head of a request, and nothing more. */
async function readHead(peer: Peer): Promise<string | undefined> {
  if (!await peer.until(() => peer.received.includes("\r\n\r\n"))) return undefined;
  peer.pause();
  return peer.received;
}

const outcomeOf = ({ status, error, size }: Result): [number | string | undefined, number] => [
  status ?? error,
  size,
];

for (const { title, name, transport, create: createWith } of ENGINE_SUITE.filter(speaksHttp1)) {
  const create = () => createWith(OPTIONS);
  /** Native fetch lets go of a body that it does not send some turns after it has the response. */
  const test = (what: string, fn: () => Promise<void>): void =>
    Deno.test({ name: what, sanitizeOps: name !== "fetch", fn });

  test(`${title} does not reuse a connection with a stuck request`, async () => {
    // The answer is there at once, and nothing is read of what it is for.
    await using server = await WildServer.start(async (peer) => {
      if (await readHead(peer) !== undefined) await peer.send(ok());
    });
    // Native fetch does not say whether it uses a connection again.
    const engine = create();
    for (let k = 1; k <= 4; k++) {
      const result = await makeRequest(engine, target(server.url(), LARGE));
      assertEquals([...outcomeOf(result), result.isReused], [200, 2, false], result.detail);
      assertEquals(server.connections, k);
    }
    engine.close();
  });

  test(`${title} does not reuse a TLS connection with a stuck request`, async () => {
    let connections = 0;
    await using server = await TlsServer.start(({ send, stall }) => {
      connections++;
      stall();
      send(ok());
    }, { ALPNProtocols: ["http/1.1"] });
    const engine = create();
    for (let k = 1; k <= 3; k++) {
      const result = await makeRequest(engine, target(server.url(), LARGE));
      assertEquals([...outcomeOf(result), result.isReused], [200, 2, false], result.detail);
      assertEquals(connections, k);
    }
    engine.close();
  });

  test(`${title} follows an early 303 over another connection`, async () => {
    await using server = await WildServer.start(async (peer) => {
      const head = await readHead(peer);
      await peer.send(
        head?.startsWith("POST ")
          ? "HTTP/1.1 303 X\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n"
          : ok(),
      );
    });
    const engine = create();
    assertEquals(outcomeOf(await makeRequest(engine, target(server.url(), LARGE))), [200, 2]);
    assertEquals(server.connections, 2);
    engine.close();
  });

  for (const how of ["end", "reset"] as const) {
    test(`${title} keeps an early 413 when the server's ${how} follows`, async () => {
      await using server = await WildServer.start(async (peer) => {
        await readHead(peer);
        await peer.send(REFUSAL);
        if (how === "reset") peer.reset();
        // What was not read makes a reset of it.
        else peer.destroy();
      });
      const engine = create();
      // Whether a write or a read is the first to see the reset is the system's choice.
      for (let round = 0; round < 20; round++) {
        const result = await makeRequest(engine, target(server.url(), LARGE));
        assertEquals(outcomeOf(result), [413, 2], result.detail);
      }
      engine.close();
      await server.closed();
    });
  }

  test(`${title} keeps an early 413 over TLS`, async () => {
    let hasAnswered = false;
    await using server = await TlsServer.start(({ send, reset }) => {
      if (hasAnswered) return;
      hasAnswered = true;
      send(REFUSAL);
      reset();
    }, { ALPNProtocols: ["http/1.1"] });
    const engine = create();
    for (let round = 0; round < 5; round++) {
      hasAnswered = false;
      const result = await makeRequest(engine, target(server.url(), LARGE));
      assertEquals(outcomeOf(result), [413, 2], result.detail);
    }
    engine.close();
  });

  Deno.test(`${title} fails when a reset cuts an early response`, async () => {
    await using server = await WildServer.start(async (peer) => {
      await readHead(peer);
      await peer.send("HTTP/1.1 413 X\r\n\r\nno");
      peer.reset();
    });
    const engine = create();
    for (let round = 0; round < 10; round++) {
      const { status, error } = await makeRequest(engine, target(server.url(), LARGE));
      assertEquals([status, error], [null, "body"]);
    }
    engine.close();
  });

  for (
    const [fields, connections] of [
      [[["Connection", "close"]], 3],
      [[["CONNECTION", "keep-alive, Close"]], 3],
      [[["Connection", "x"], ["connection", "\tclose "]], 3],
      [[["Connection", "closed"]], 1],
      [[["Connection", "keep-alive"]], 1],
      [[["X-Connection", "close"]], 1],
    ] as [[string, string][], number][]
  ) {
    Deno.test(`${title} opens ${connections} connections for 3 requests with ${JSON.stringify(fields)}`, async () => {
      // It does not say that it closes, and does not.
      await using server = await RawServer.start(({ send }) => send(ok()));
      const engine = create();
      for (const method of ["GET", "DELETE", "GET"]) {
        const more = { method, headers: fields };
        const { status } = await makeRequest(engine, target(server.url(), more));
        assertEquals(status, 200);
        // Native fetch gives a connection back some time after the answer.
        await roundTrips();
      }
      assertEquals(server.connections, connections);
      assert(server.requests.every((request) => /^(x-)?connection: /im.test(request)));
      engine.close();
    });
  }

  // The program chooses its sockets itself.
  if (transport !== "native") {
    Deno.test(`${title} closes a connection after a record's 'Connection: close'`, async () => {
      await using server = await RawServer.start(({ send }) => send(ok()));
      const plain = JSON.stringify({ url: server.url() });
      const closing = JSON.stringify({ url: server.url(), headers: { Connection: "close" } });
      const args = ["-i", "-", "--input-format", "jsonl", "-c", "1", "-s", "--engine", name];
      const { code } = await myriad(args, {
        input: `${closing}\n${plain}\n${closing}\n${plain}\n`,
      });
      assertEquals(code, 0);
      if (name === "http1") assertEquals(server.connections, 3);
      const { code: again } = await myriad([
        ...["-n", "3", "-c", "1", "-s", "--engine", name, "-H", "Connection: close", server.url()],
      ]);
      assertEquals(again, 0);
      assertEquals(server.requests.length, 7);
    });
  }

  for (
    const [what, bytes, detail] of [
      ["speaks SSH", "SSH-2.0-OpenSSH_9.2p1 Debian\r\n", /"SSH-2.0-OpenSSH_"/],
      ["speaks SMTP", "220 mail.example ESMTP\r\n", /"220 mail.example"/],
      ["speaks TLS", "\x15\x03\x01\0\x02\x02\x46", /TLS alert: use https/],
      ["speaks HTTP/2", "\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64", /HTTP\/2: use --http2/],
      ["says one wrong byte", "S", /"S"/],
      ["says half a status line and goes on wrongly", "HTTP/1.1 2OO OK", /three digits/],
    ] as const
  ) {
    for (const when of ["at once", "when it was asked"]) {
      Deno.test(`${title} fails with 'protocol' when a server ${what} ${when}, and stays`, async () => {
        await using server = await WildServer.start(async (peer) => {
          if (when === "when it was asked") await peer.until(() => peer.received !== "");
          await peer.send(bytes);
          await peer.until(() => false);
        });
        const engine = create();
        const hits = Array.from({ length: 10 }, () => makeRequest(engine, target(server.url())));
        for (const result of await Promise.all(hits)) {
          assertEquals([result.status, result.error], [null, "protocol"], result.detail);
          if (name === "http1") assertMatch(result.detail!, detail);
        }
        engine.close();
        await server.closed();
      });
    }
  }
}

for (const { title, create } of SOCKET_ENGINES.filter(speaksHttp1)) {
  Deno.test(`${title} reuses a connection after the server has read the whole request`, async () => {
    let hasAll = (): void => {};
    const all = new Promise<void>((resolve) => hasAll = resolve);
    await using server = await WildServer.start(async (peer) => {
      const head = await readHead(peer);
      if (head === undefined) return;
      await peer.send(ok());
      let length = 0;
      peer.drain();
      await peer.until(() => {
        length += peer.received.length;
        peer.received = "";
        return length > LARGE.body.length;
      });
      hasAll();
      if (await peer.request() !== undefined) await peer.send(ok());
    });
    const engine = create(OPTIONS);
    assertEquals(outcomeOf(await makeRequest(engine, target(server.url(), LARGE))), [200, 2]);
    await all;
    // The system had it before the server.
    await roundTrips();
    const { status, isReused } = await makeRequest(engine, target(server.url()));
    assertEquals([status, isReused, server.connections], [200, true, 1]);
    engine.close();
  });

  Deno.test(`${title} closes a connection that still sends to make room`, async () => {
    const stuck: Peer[] = [];
    await using server = await WildServer.start(async (peer) => {
      const head = await readHead(peer);
      if (head?.startsWith("POST ")) stuck.push(peer);
      await peer.send(ok());
    });
    await using other = await RawServer.start(({ send }) => send(ok()));
    const engine = create({ ...OPTIONS, concurrency: 1 });
    for (let k = 0; k < 3; k++) {
      assertEquals(outcomeOf(await makeRequest(engine, target(server.url(), LARGE))), [200, 2]);
      assertEquals(outcomeOf(await makeRequest(engine, target(other.url()))), [200, 2]);
    }
    for (const peer of stuck) peer.drain();
    await server.closed();
    engine.close();
  });
}
