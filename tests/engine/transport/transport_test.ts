import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { X509Certificate } from "node:crypto";
import net from "node:net";
import tls from "node:tls";
import type { TlsOptions } from "../../../lib/engine/engine.ts";
import { findWriteHandle } from "../../../lib/engine/transport/direct_writer.ts";
import { PortableTransports } from "../../../lib/engine/transport/portable.ts";
import type {
  SocketAddress,
  TlsDestination,
  Transport,
  TransportError,
  TransportListener,
  Transports,
} from "../../../lib/engine/transport/transport.ts";
import { openCheckedTransports, WITHOUT_NATIVE } from "../../fixtures/checked_libraries.ts";
import { folder } from "../../fixtures/folder.ts";
import { isInstalled } from "../../fixtures/installed.ts";
import {
  CERTIFICATES,
  ODD_AUTHORITY,
  readIdentity,
  UNTRUSTED,
} from "../../fixtures/odd_certificates.ts";
import { refusedPort } from "../../fixtures/raw_server.ts";
import { roundTrips } from "../../fixtures/round_trips.ts";
import { type StreamPeer, StreamServer } from "../../fixtures/stream_server.ts";
import { AUTHORITY, CLIENT } from "../../fixtures/tls_server.ts";
import { until } from "../../fixtures/until.ts";

/** Every way to open transports; all of them behave the same. */
const TRANSPORTS: Record<string, () => Transports> = {
  portable: () => new PortableTransports(),
  "portable over streams": () => new PortableTransports(true),
  ...(WITHOUT_NATIVE === undefined && { native: openCheckedTransports }),
};

/** A transport whose events are kept. */
class Client implements TransportListener {
  readonly transport: Transport;
  /** The names of events other than reads and drains, in order. */
  readonly events: string[] = [];
  readonly pieces: Uint8Array[] = [];
  size = 0;
  protocol: string | undefined;
  error: TransportError | undefined;
  /** What the test does in an event, after it is kept. */
  on: (event: string) => void = () => {};

  constructor(transports: Transports, address: SocketAddress, tls?: TlsDestination) {
    this.transport = transports.open(address, tls, this);
    assertEquals([this.events, this.transport.remote], [[], null]);
  }

  get text(): string {
    return this.pieces.map((piece) => new TextDecoder("latin1").decode(piece)).join("");
  }

  #add(event: string): void {
    this.events.push(event);
    this.on(event);
  }

  onConnect(): void {
    this.#add("connect");
  }

  onSecure(protocol: string | undefined): void {
    this.protocol = protocol;
    this.#add("secure");
  }

  onRead(bytes: Uint8Array, length: number): void {
    assertGreater(length, 0);
    this.pieces.push(bytes.slice(0, length));
    this.size += length;
    this.on("read");
  }

  onEnd(): void {
    this.#add("end");
  }

  onDrain(): void {
    assert(this.transport.isSent);
    this.on("drain");
  }

  onClose(error: TransportError): void {
    this.error = error;
    this.#add("close");
  }

  /** Waits for an event other than a read. */
  async until(event: string): Promise<void> {
    await until(() => this.events.includes(event), () => `${this.events} ${this.error?.message}`);
  }
}

/** Bytes that do not repeat within the buffer of any transport. */
function makeBytes(length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let k = 0; k < words.length; k++) words[k] = Math.imul(k, 2_654_435_761);
  return new Uint8Array(words.buffer, 0, length);
}

/** Like `assertEquals`, which takes seconds for megabytes. */
function assertSame(pieces: readonly Uint8Array[], expected: Uint8Array): void {
  let at = 0;
  for (const piece of pieces) {
    const part = expected.subarray(at, at + piece.length);
    assert(piece.every((byte, k) => byte === part[k]), `other bytes after ${at}`);
    at += piece.length;
  }
  assertEquals(at, expected.length);
}

function toDestination(
  hostname = "localhost",
  options: Partial<TlsOptions> = {},
): TlsDestination {
  return {
    hostname,
    options: { ca: AUTHORITY, insecure: false, ...options },
    protocols: ["h2", "http/1.1"],
  };
}

const withoutOpenssl = { ignore: !isInstalled("openssl") };

for (const [name, create] of Object.entries(TRANSPORTS)) {
  /** Runs a test that opens transports, which are closed at its end. */
  const test = (
    what: string,
    run: (
      open: (address: SocketAddress | StreamServer, tls?: TlsDestination) => Client,
    ) => Promise<void>,
    options: { ignore?: boolean } = {},
  ): void =>
    Deno.test(`${name} transport ${what}`, options, async () => {
      const transports = create();
      const clients: Client[] = [];
      await run((address, tls) => {
        const client = new Client(
          transports,
          address instanceof StreamServer
            ? { host: "127.0.0.1", port: address.port, family: 4 }
            : address,
          tls,
        );
        clients.push(client);
        return client;
      });
      for (const { transport } of clients) transport.close();
      transports.close();
    });

  test("names the other end once it is connected", async (open) => {
    await using files = await folder();
    const path = files.path("socket");
    await using v4 = await StreamServer.start(() => {});
    await using v6 = await StreamServer.start(() => {}, undefined, { host: "::1" });
    await using local = await StreamServer.start(() => {}, undefined, { path });
    for (
      const [server, address, remote] of [
        [v4, { host: "127.0.0.1", port: v4.port, family: 4 }, `127.0.0.1:${v4.port}`],
        [v6, { host: "::1", port: v6.port, family: 6 }, `[::1]:${v6.port}`],
        [local, { path }, path],
      ] as const
    ) {
      const client = open(address);
      await client.until("connect");
      assertEquals(client.transport.remote, remote);
      client.transport.sendText("hello", undefined);
      const peer = await server.first();
      await until(() => peer.text === "hello");
      peer.send("you");
      await until(() => client.text === "you");
      assertEquals(client.events, ["connect"]);
    }
  });

  test("speaks TLS over a Unix socket", async (open) => {
    await using files = await folder();
    const path = files.path("socket");
    await using server = await StreamServer.start((peer) => peer.send("hi"), {}, { path });
    for (const hostname of ["localhost", "127.0.0.1"]) {
      const client = open({ path }, toDestination(hostname));
      await until(() => client.text === "hi");
      assertEquals([client.events, client.transport.remote], [["connect", "secure"], path]);
    }
    assertEquals(server.connections, 2);
  });

  test("gives the system's code when nobody listens", async (open) => {
    await using files = await folder();
    const refused = { host: "127.0.0.1", port: await refusedPort(), family: 4 };
    for (
      const [address, code] of [
        [refused, "ECONNREFUSED"],
        [{ path: files.path("missing") }, "ENOENT"],
      ] as const
    ) {
      for (const tls of [undefined, toDestination()]) {
        const client = open(address, tls);
        await client.until("close");
        assertEquals([client.error?.code, client.error?.isTls], [code, false]);
        assertEquals([client.events, client.transport.remote], [["close"], null]);
      }
    }
  });

  for (
    const [how, tlsOptions, destination] of [
      ["without TLS", undefined, undefined],
      ["over TLS", {}, toDestination()],
    ] as const
  ) {
    const begin = destination === undefined ? ["connect"] : ["connect", "secure"];
    const ready = begin.at(-1)!;

    test(`sends text and bytes in their order ${how}`, async (open) => {
      await using server = await StreamServer.start(() => {}, tlsOptions);
      const client = open(server, destination);
      await client.until(ready);
      client.transport.sendText("caf\xe9 ", undefined);
      client.transport.sendText("POST ", makeBytes(5));
      const bytes = new TextEncoder().encode(" last");
      client.transport.send(bytes);
      // They belong to the caller again.
      bytes.fill(0);
      const peer = await server.first();
      const middle = new TextDecoder("latin1").decode(makeBytes(5));
      const all = `caf\xe9 POST ${middle} last`;
      await until(() => peer.text.length >= all.length);
      assertEquals(peer.text, all);
    });

    test(`tells when everything has gone to a slow reader ${how}`, async (open) => {
      await using server = await StreamServer.start((peer) => peer.pause(), tlsOptions);
      const client = open(server, destination);
      let drains = 0;
      client.on = (event) => void (event === "drain" && drains++);
      await client.until(ready);
      const peer = await server.first();
      const bytes = makeBytes(10_000_000);
      client.transport.sendText("", bytes.subarray(0, 5_000_000));
      client.transport.send(bytes.subarray(5_000_000));
      await roundTrips();
      assertEquals([client.transport.isSent, drains], [false, 0]);
      peer.resume();
      await until(() => client.transport.isSent);
      await until(() => peer.size >= bytes.length);
      assertSame(peer.received, bytes);
      assertGreater(drains, 0);
      assertEquals(client.events, begin);
    });

    test(`reads what a server sends first, in pieces ${how}`, async (open) => {
      const bytes = makeBytes(3_000_000);
      await using server = await StreamServer.start((peer) => {
        peer.send(bytes.subarray(0, 3));
        peer.send(bytes.subarray(3));
      }, tlsOptions);
      const client = open(server, destination);
      await until(() => client.size >= bytes.length);
      assertSame(client.pieces, bytes);
      assertLess(Math.max(...client.pieces.map(({ length }) => length)), bytes.length);
      assertEquals(client.events, begin);
    });

    test(`can send after the other end has ended ${how}`, async (open) => {
      await using server = await StreamServer.start((peer) => {
        peer.send("bye");
        peer.end();
      }, tlsOptions);
      const client = open(server, destination);
      await client.until("end");
      assertEquals([client.text, client.events], ["bye", [...begin, "end"]]);
      client.transport.sendText("thanks", undefined);
      const peer = await server.first();
      // The server's own TLS reads nothing more after its close_notify.
      if (destination === undefined) await until(() => peer.text === "thanks");
      await roundTrips();
      assertEquals(client.events, [...begin, "end"]);
    });

    test(`tells a reset from an end ${how}`, async (open) => {
      await using server = await StreamServer.start((peer) => {
        peer.send("half");
        peer.reset();
      }, tlsOptions);
      const client = open(server, destination);
      await client.until("close");
      assertEquals([client.error?.code, client.error?.isTls], ["ECONNRESET", false]);
      assertEquals(client.events.at(-1), "close");
      assert(!client.events.includes("end"));
    });

    test(`closes in good order ${how}`, async (open) => {
      await using server = await StreamServer.start(() => {}, tlsOptions);
      const client = open(server, destination);
      await client.until(ready);
      const peer = await server.first();
      client.transport.close();
      client.transport.close();
      await until(() => peer.hasEnded);
      peer.cut();
      await until(() => server.open === 0);
      assertEquals(client.events, begin);
    });

    for (const event of [...begin, "read", "end"]) {
      test(`calls nobody after it was closed in '${event}' ${how}`, async (open) => {
        await using server = await StreamServer.start((peer) => {
          peer.send(makeBytes(300_000));
          peer.end();
        }, tlsOptions);
        const client = open(server, destination);
        const seen: string[] = [];
        client.on = (now) => {
          seen.push(now);
          if (now === event) client.transport.close();
        };
        await until(() => seen.includes(event));
        await until(() => server.connections === 1);
        await roundTrips();
        assertEquals(seen.indexOf(event), seen.length - 1);
      });
    }
  }

  test("closes a connection that is being made", async (open) => {
    await using server = await StreamServer.start(() => {}, {});
    for (const tls of [undefined, toDestination()]) {
      const client = open(server, tls);
      client.transport.close();
      await roundTrips();
      assertEquals(client.events, []);
    }
    await until(() => server.open === 0);
  });

  test("reads what came before a reset although a write failed", async (open) => {
    const url = new URL("../../fixtures/resetting_server.ts", import.meta.url);
    const worker = new Worker(url, { type: "module" });
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const text = "HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\nno";
    const port = await new Promise<number>((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage({ text, flag });
    });
    const client = open({ host: "127.0.0.1", port, family: 4 });
    client.on = (event) => {
      if (event !== "connect") return;
      // No read comes before the write, which finds the reset.
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
      Atomics.wait(flag, 0, 1, 60_000);
      client.transport.sendText("POST / HTTP/1.1\r\n", undefined);
      client.transport.sendText("\r\n", makeBytes(100));
    };
    await client.until("close");
    assertEquals(client.text, text);
    assertEquals(client.events, ["connect", "close"]);
    worker.terminate();
  });

  for (
    const [what, end, last] of [
      ["close_notify", (peer) => peer.end(), "end"],
      ["close_notify and the end of TCP", (peer) => peer.endBoth(), "end"],
      ["the end of TCP alone", (peer) => peer.cut(), "close"],
    ] as [string, (peer: StreamPeer) => void, string][]
  ) {
    test(`takes ${what} for ${last === "end" ? "an end" : "a cut"}`, async (open) => {
      await using server = await StreamServer.start((peer) => {
        peer.send("all");
        end(peer);
      }, {});
      const client = open(server, toDestination());
      await client.until(last);
      await roundTrips();
      assertEquals([client.events, client.text], [["connect", "secure", last], "all"]);
      const cut = { message: "the connection was cut (no close_notify)", isTls: false };
      assertEquals(client.error, last === "end" ? undefined : cut);
    });
  }

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    test(`speaks ${version}`, async (open) => {
      await using server = await StreamServer.start((peer) => peer.send("hello"), {
        minVersion: version,
        maxVersion: version,
      });
      const client = open(server, toDestination());
      await until(() => client.text === "hello");
      assertEquals((await server.first()).tls?.getProtocol(), version);
    });
  }

  for (const protocol of ["h2", "http/1.1", undefined]) {
    test(`agrees on ${protocol ?? "no protocol"} by ALPN`, async (open) => {
      await using server = await StreamServer.start(() => {}, {
        ALPNProtocols: protocol === undefined ? undefined : [protocol],
      });
      const client = open(server, toDestination());
      await client.until("secure");
      assertEquals(client.protocol, protocol);
    });
  }

  test("fails when the server speaks none of the protocols", async (open) => {
    await using server = await StreamServer.start(() => {}, { ALPNProtocols: ["h2"] });
    const client = open(server, { ...toDestination(), protocols: ["http/1.1"] });
    await client.until("close");
    assertEquals([client.events, client.error?.isTls], [["connect", "close"], true]);
  });

  test("sends a name for the choice of a certificate, and no address", async (open) => {
    for (const [hostname, servername] of [["localhost", "localhost"], ["127.0.0.1", false]]) {
      await using server = await StreamServer.start(() => {}, {});
      await open(server, toDestination(hostname as string)).until("secure");
      assertEquals((await server.first()).tls!.servername || false, servername);
    }
  });

  for (const [file, hostname, detail] of CERTIFICATES) {
    const what = detail === undefined ? "accepts" : "says why it refuses";
    test(`${what} the certificate '${file}' of ${hostname}`, async (open) => {
      await using server = await StreamServer.start(() => {}, readIdentity(file));
      const connect = async (options: TlsOptions): Promise<Client> => {
        const client = open(server, { hostname, options, protocols: ["http/1.1"] });
        await until(() => client.events.length === 2);
        return client;
      };
      const { events, error } = await connect({ ca: ODD_AUTHORITY, insecure: false });
      assertEquals(error, detail === undefined ? undefined : { message: detail, isTls: true });
      assertEquals(events, ["connect", detail === undefined ? "secure" : "close"]);
      // With a certificate of the client's own there may be fewer words, and no less is refused.
      const own = await connect({ ca: ODD_AUTHORITY, insecure: false, ...CLIENT });
      assertEquals(own.events, events);
      assertEquals((await connect({ insecure: true })).events, ["connect", "secure"]);
      // No session that was accepted unchecked is resumed (RFC 8446 §2.2).
      assertEquals((await connect({ ca: ODD_AUTHORITY, insecure: false })).events, events);
    });
  }

  test("accepts an IPv6 address of a certificate", async (open) => {
    await using server = await StreamServer.start(() => {}, {}, { host: "::1" });
    const client = open({ host: "::1", port: server.port, family: 6 }, toDestination("::1"));
    await client.until("secure");
  });

  test("accepts no certificate for odd names of hosts", async (open) => {
    await using server = await StreamServer.start(() => {}, {});
    for (const hostname of [".", "..", "", "a".repeat(300)]) {
      const client = open(server, toDestination(hostname));
      await client.until("close");
      assertEquals([hostname, client.events, client.error!.isTls], [
        hostname,
        ["connect", "close"],
        true,
      ]);
    }
  });

  test("explains how to trust a certificate of an unknown issuer", async (open) => {
    const issued = readIdentity("good");
    const itself = readIdentity("self_signed");
    // The issuer may be shown by the server, and is not trusted for that.
    for (
      const [{ cert, key }, ca] of [
        [itself, itself.cert],
        [issued, ODD_AUTHORITY],
        [{ ...issued, cert: issued.cert + ODD_AUTHORITY }, ODD_AUTHORITY],
      ] as const
    ) {
      await using server = await StreamServer.start(() => {}, { cert, key });
      const stranger = open(server, {
        hostname: "localhost",
        options: { insecure: false },
        protocols: ["http/1.1"],
      });
      await stranger.until("close");
      assertEquals(stranger.error, { message: UNTRUSTED, isTls: true });
      await open(server, toDestination("localhost", { ca })).until("secure");
    }
  });

  for (const name of ["self_signed_authority", "is_authority"]) {
    test(`accepts '${name}' where it is trusted itself, as OpenSSL does`, async (open) => {
      const identity = readIdentity(name);
      await using server = await StreamServer.start((peer) => peer.send("hello"), identity);
      const trusted: Partial<TlsOptions> = { ca: identity.cert };
      // The second one can resume the session of the first.
      for (let k = 0; k < 2; k++) {
        const client = open(server, toDestination("localhost", trusted));
        await until(() => client.text === "hello" || client.error !== undefined);
        assertEquals(client.error, undefined);
      }
      // Nothing else is trusted for that: not another name.
      const other = open(server, toDestination("other.test", trusted));
      await other.until("close");
      assertEquals(other.error?.isTls, true);
    });
  }

  for (const version of ["tls1_2", "tls1_3"]) {
    test(
      `shows its own certificate to a server that asks for it by ${version}`,
      async (open) => {
        // OpenSSL's server is one that insists on it.
        const port = await refusedPort();
        const fixture = (file: string): string =>
          new URL(`../../fixtures/${file}`, import.meta.url).pathname;
        await using child = new Deno.Command("openssl", {
          args: [
            ...["s_server", "-quiet", "-www", "-accept", `127.0.0.1:${port}`, "-Verify", "1"],
            ...["-verify_return_error", "-CAfile", fixture("authority.crt"), `-${version}`],
            ...["-cert", fixture("server.crt"), "-key", fixture("server.key")],
          ],
          stdin: "piped",
          stdout: "null",
          stderr: "null",
        }).spawn();
        const address = { host: "127.0.0.1", port, family: 4 };
        await until(() =>
          Deno.connect({ hostname: "127.0.0.1", port })
            .then((it) => (it.close(), true), () => false)
        );
        const request = (own: Partial<TlsOptions>): Client => {
          const client = open(address, toDestination("localhost", own));
          client.on = (event) => {
            if (event !== "secure") return;
            client.transport.sendText("GET / HTTP/1.0\r\n\r\n", undefined);
          };
          return client;
        };
        // It serves one connection after the other.
        const shown = request(CLIENT);
        await until(() => shown.size > 0);
        shown.transport.close();
        const without = request({});
        await without.until("close");
        await child.stdin.close();
        assertEquals([without.error?.isTls, without.size], [true, 0]);
        assert(/wants a client certificate/.test(without.error!.message), without.error!.message);
      },
      withoutOpenssl,
    );
  }

  for (
    const [what, answer, message] of [
      [
        "an alert",
        Uint8Array.of(21, 3, 3, 0, 2, 2, 70),
        "the server accepts neither TLS 1.2 nor TLS 1.3",
      ],
      [
        "plain text",
        "HTTP/1.1 400 X\r\n\r\n",
        "the server does not speak TLS on this port or socket",
      ],
      ["an end", "", "the server closed the connection in the TLS handshake"],
    ] as const
  ) {
    test(`says in words that a handshake ends by ${what}`, async (open) => {
      await using server = await StreamServer.start((peer) => {
        peer.send(answer);
        peer.end();
      });
      const client = open(server, toDestination());
      await client.until("close");
      assertEquals(client.error, { message, isTls: true });
      assertEquals(client.events, ["connect", "close"]);
    });
  }

  test("fails when a record is broken", async (open) => {
    await using server = await StreamServer.start((peer) => peer.send("good"), {});
    const client = open(server, toDestination());
    await until(() => client.text === "good");
    (await server.first()).sendRaw(Uint8Array.of(23, 3, 3, 0, 20, ...new Uint8Array(20)));
    await client.until("close");
    assertEquals([client.error?.isTls, client.text], [true, "good"]);
  });

  test("begins TLS over a plain connection", async (open) => {
    await using server = await StreamServer.start(() => {}, {});
    const client = open(server);
    await client.until("connect");
    client.transport.startTls(toDestination());
    await client.until("secure");
    client.transport.sendText("inner", undefined);
    const peer = await server.first();
    await until(() => peer.text === "inner");
    const bytes = makeBytes(1_000_000);
    peer.send(bytes);
    await until(() => client.size >= bytes.length);
    assertSame(client.pieces, bytes);
    client.transport.close();
    await until(() => peer.hasEnded);
  });

  Deno.test(`${name} transports run something after the reads`, async () => {
    const transports = create();
    let runs = 0;
    transports.afterReads(() => runs++);
    assertEquals(runs, 0);
    await until(() => runs === 1);
    transports.close();
  });
}

Deno.test("PortableTransports parse no trusted authority again for each connection", async () => {
  await using server = await StreamServer.start(() => {}, {});
  const { toLegacyObject } = X509Certificate.prototype;
  let parsed = 0;
  X509Certificate.prototype.toLegacyObject = function () {
    parsed++;
    return toLegacyObject.call(this);
  };
  try {
    const address = { host: "127.0.0.1", port: server.port, family: 4 };
    const tls = toDestination("localhost", { ca: ODD_AUTHORITY.repeat(140) + AUTHORITY });
    for (const usesStreams of [false, true]) {
      const client = new Client(new PortableTransports(usesStreams), address, tls);
      await client.until("secure");
      client.transport.close();
    }
  } finally {
    X509Certificate.prototype.toLegacyObject = toLegacyObject;
  }
  assertEquals(parsed, 0);
});

Deno.test("findWriteHandle() finds the handles of sockets in this runtime", async () => {
  await using server = await StreamServer.start(() => {});
  const options = { host: "127.0.0.1", port: server.port };
  for (const socket of [net.connect(options), tls.connect(options)]) {
    assert(findWriteHandle(socket) !== undefined);
    socket.on("error", () => {}).destroy();
  }
});

Deno.test("PortableTransports tells an end from a cut without a stream in this runtime", async () => {
  await using server = await StreamServer.start(() => {}, {});
  const transports = new PortableTransports();
  const address = { host: "127.0.0.1", port: server.port, family: 4 };
  const client = new Client(transports, address, toDestination());
  await client.until("secure");
  assertEquals(transports.usesStreams, false);
  client.transport.close();
});
