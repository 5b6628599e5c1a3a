import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { TlsOptions } from "../../../../lib/engine/engine.ts";
import { NativeTransports } from "../../../../lib/engine/transport/native/transports.ts";
import type {
  TlsDestination,
  Transport,
  TransportError,
} from "../../../../lib/engine/transport/transport.ts";
import {
  Handles,
  openCheckedLibraries,
  openCheckedTransports,
  WITHOUT_NATIVE,
} from "../../../fixtures/checked_libraries.ts";
import { isInstalled } from "../../../fixtures/installed.ts";
import { ODD_AUTHORITY, readIdentity } from "../../../fixtures/odd_certificates.ts";
import { run } from "../../../fixtures/program.ts";
import { ProxyServer } from "../../../fixtures/proxy_server.ts";
import { refusedPort } from "../../../fixtures/raw_server.ts";
import { StreamServer } from "../../../fixtures/stream_server.ts";
import { AUTHORITY, CLIENT } from "../../../fixtures/tls_server.ts";
import { until } from "../../../fixtures/until.ts";

const test = (name: string, run: () => Promise<void> | void, ignore = false): void =>
  Deno.test(name, { ignore: ignore || WITHOUT_NATIVE !== undefined }, run);

const withTls = (options: Partial<TlsOptions> = {}): TlsDestination => ({
  hostname: "localhost",
  options: { ca: AUTHORITY, insecure: false, ...options },
  protocols: ["http/1.1"],
});

/** One transport, and what came. */
interface Exchange {
  readonly transport: Transport;
  text: string;
  isReady: boolean;
  error: TransportError | undefined;
  hasEnded: boolean;
}

function open(transports: NativeTransports, port: number, tls?: TlsDestination): Exchange {
  const exchange = { text: "", isReady: false, error: undefined, hasEnded: false } as Exchange;
  const transport = transports.open({ host: "127.0.0.1", port, family: 4 }, tls, {
    onConnect: () => exchange.isReady = tls === undefined,
    onSecure: () => exchange.isReady = true,
    onRead: (bytes, length) => {
      exchange.text += new TextDecoder("latin1").decode(bytes.subarray(0, length));
    },
    onEnd: () => exchange.hasEnded = true,
    onDrain: () => {},
    onClose: (error) => exchange.error = error,
  });
  return Object.assign(exchange, { transport });
}

test("native transports leave no file descriptor open", async () => {
  const handles = new Handles();
  const transports = openCheckedTransports(handles);
  const connections = 1_000;
  const before = handles.size;
  for (const tls of [undefined, withTls()]) {
    await using server = await StreamServer.start(
      (peer) => peer.send("hi"),
      tls === undefined ? undefined : {},
    );
    let most = 0;
    for (let k = 0; k < connections / (tls === undefined ? 1 : 10); k++) {
      const exchange = open(transports, server.port, tls);
      // Every fourth is closed at any moment.
      if (k % 4 > 0) await until(() => exchange.text === "hi" || exchange.error !== undefined);
      most = Math.max(most, handles.size);
      exchange.transport.close();
      assertEquals(exchange.error, undefined);
    }
    // The context, and two sessions at most, stay.
    assert(handles.size <= before + 3 && most <= before + 7, `${handles.size} ${most}`);
  }
  assert(handles.opened.get("fd")! >= connections + 2);
  transports.close();
  await until(() => handles.size === 0);
});

test("native transports resume a session", async () => {
  const port = await refusedPort();
  const fixture = (file: string): string =>
    new URL(`../../../fixtures/${file}`, import.meta.url).pathname;
  for (const [version, name] of [["-tls1_2", "TLSv1.2"], ["-tls1_3", "TLSv1.3"]]) {
    await using _server = new Deno.Command("openssl", {
      args: [
        ...["s_server", "-quiet", "-www", "-accept", `127.0.0.1:${port}`, version],
        ...["-cert", fixture("server.crt"), "-key", fixture("server.key")],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const transports = openCheckedTransports();
    const connect = async (): Promise<string> => {
      const exchange = open(transports, port, withTls());
      await until(() => exchange.isReady || exchange.error !== undefined);
      exchange.transport.sendText("GET / HTTP/1.0\r\n\r\n", undefined);
      await until(() => exchange.hasEnded || exchange.error !== undefined);
      exchange.transport.close();
      return /^(New|Reused), TLSv1\.\d/m.exec(exchange.text)?.[0] ?? exchange.error?.code ?? "";
    };
    let first = "";
    await until(async () => (first = await connect()) !== "ECONNREFUSED");
    assertEquals([first, await connect()], [`New, ${name}`, `Reused, ${name}`]);
    transports.close();
  }
}, !isInstalled("openssl"));

test("native transports let a flood over TLS keep nothing from its turn", async () => {
  await using server = await StreamServer.start((peer) => peer.send("x".repeat(5_000_000)), {});
  const transports = openCheckedTransports();
  const exchange = open(transports, server.port, withTls());
  let reads = 0;
  let readsInTurn = 0;
  let most = 0;
  const { listener } = exchange.transport;
  exchange.transport.listener = {
    ...listener,
    onSecure: () => {},
    onRead: (bytes, length) => {
      listener.onRead(bytes, length);
      reads++;
      if (++readsInTurn === 1) transports.afterReads(() => readsInTurn = 0);
      most = Math.max(most, readsInTurn);
    },
  };
  await until(() => exchange.text.length === 5_000_000);
  exchange.transport.close();
  transports.close();
  assert(reads >= 5_000_000 / (64 * 1024), `${reads}`);
  // One because of an event, and one because OpenSSL had more.
  assert(most <= 2, `${most}`);
});

test("native transports resume no session with another server", async () => {
  await using trusted = await StreamServer.start((peer) => peer.send("hi"), {});
  await using other = await StreamServer.start((peer) => peer.send("hi"), readIdentity("good"));
  const transports = openCheckedTransports();
  const first = open(transports, trusted.port, withTls());
  await until(() => first.text === "hi");
  const second = open(transports, other.port, withTls());
  await until(() => second.error !== undefined);
  assertStringIncludes(second.error!.message, "unknown issuer");
  first.transport.close();
  transports.close();
});

test("native transports speak TLS in the TLS of a proxy", async () => {
  await using proxy = await ProxyServer.start({ kind: "https" });
  await using server = await StreamServer.start(() => {}, readIdentity("good"));
  const transports = openCheckedTransports();
  const size = 3_000_000;
  for (const hostname of ["localhost", "other.test"]) {
    const exchange = open(transports, Number(new URL(proxy.url()).port), withTls());
    const { transport } = exchange;
    await until(() => exchange.isReady);
    const { length } = server.peers;
    const authority = `127.0.0.1:${server.port}`;
    transport.sendText(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`, undefined);
    await until(() => exchange.text.endsWith("\r\n\r\n"));
    exchange.text = "";
    exchange.isReady = false;
    transport.startTls({ ...withTls({ ca: ODD_AUTHORITY }), hostname });
    await until(() => exchange.isReady || exchange.error !== undefined);
    if (hostname !== "localhost") {
      assertStringIncludes(exchange.error!.message, "for another host");
      break;
    }
    await until(() => server.peers.length > length);
    const peer = server.peers[length];
    transport.sendText("head", new Uint8Array(size));
    peer.send("y".repeat(size));
    await until(() => peer.size === size + 4 && exchange.text.length === size);
    assert(/^y*$/.test(exchange.text) && transport.isSent);
    peer.end();
    await until(() => exchange.hasEnded);
    transport.close();
    await until(() => peer.hasEnded);
  }
  transports.close();
});

for (const version of ["1.0", "1.1"]) {
  test(`native transports do not speak TLS ${version}`, async () => {
    // A ServerHello of that version, with a cipher that exists.
    const minor = Number(version.at(-1)) + 1;
    const hello = Uint8Array.of(2, 0, 0, 38, 3, minor, ...new Uint8Array(32), 0, 0, 0x2f, 0);
    await using server = await StreamServer.start((peer) =>
      peer.send(Uint8Array.of(22, 3, minor, 0, hello.length, ...hello))
    );
    const transports = openCheckedTransports();
    const exchange = open(transports, server.port, withTls());
    await until(() => exchange.error !== undefined);
    assertEquals(exchange.error, {
      message: "the server accepts neither TLS 1.2 nor TLS 1.3",
      isTls: true,
    });
    transports.close();
  });
}

test("native transports name what is wrong with certificates, and show no key", async () => {
  await using server = await StreamServer.start((peer) => peer.send("hi"), {});
  const transports = openCheckedTransports();
  const { cert, key } = CLIENT;
  const lines = key.split("\n");
  for (
    const [options, what] of [
      [{ ca: "no certificate" }, "the certificate of an authority cannot be used: no start line"],
      [{ cert: "no certificate", key }, "the client certificate cannot be used: no start line"],
      [{ cert, key: "no key" }, "the key of the client certificate"],
      [
        { cert, key: readIdentity("good").key },
        "the key of the client certificate cannot be used: key values mismatch",
      ],
      [
        { cert, key: [lines[0], ...lines.slice(2)].join("\n") },
        "the key of the client certificate",
      ],
    ] as [Partial<TlsOptions>, string][]
  ) {
    const exchange = open(transports, server.port, withTls(options));
    await until(() => exchange.error !== undefined);
    const { message } = exchange.error!;
    assert(message.startsWith(what), message);
    assert(lines.every((line) => line === "" || !message.includes(line)));
    assertEquals([exchange.isReady, exchange.error!.isTls], [false, true]);
  }
  transports.close();
});

for (const name of ["SSL_CTX_new", "SSL_new"] as const) {
  test(`native transports fail one transport when ${name}() has no memory`, async () => {
    await using server = await StreamServer.start((peer) => peer.send("hi"), {});
    const libraries = openCheckedLibraries();
    let isOut = true;
    const openssl = {
      ...libraries.openssl,
      [name]: (handle: never) => isOut ? null : libraries.openssl[name](handle),
    };
    const transports = new NativeTransports({ ...libraries, openssl });
    const first = open(transports, server.port, withTls());
    await until(() => first.error !== undefined);
    assertEquals(first.error, { message: "no memory is left for TLS", isTls: true });
    isOut = false;
    const second = open(transports, server.port, withTls());
    await until(() => second.text === "hi");
    second.transport.close();
    transports.close();
  });
}

test("native transports do not ask for the password of a key", async () => {
  const made = await run(["openssl", "genrsa", "-aes256", "-passout", "pass:secret", "2048"]);
  const transports = openCheckedTransports();
  await using server = await StreamServer.start(() => {}, {});
  const { cert } = CLIENT;
  const exchange = open(transports, server.port, withTls({ cert, key: made.stdout }));
  await until(() => exchange.error !== undefined);
  assertStringIncludes(exchange.error!.message, "the key of the client certificate");
  transports.close();
}, !isInstalled("openssl"));

test("native transports survive a broken pipe", () => {
  const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))![1];
  // OpenSSL writes without MSG_NOSIGNAL. The runtime ignores SIGPIPE, which is number 13.
  assertEquals(BigInt(`0x${ignored}`) >> 12n & 1n, 1n);
});

test("checked libraries find handles that are closed, left open, and lengths beyond a buffer", () => {
  const handles = new Handles();
  const { libc, openssl, close } = openCheckedLibraries(handles);
  const throws = (call: () => unknown, message: string): void => {
    try {
      call();
    } catch (error) {
      return assertStringIncludes((error as Error).message, message);
    }
    throw new Error(`no error with ${message}`);
  };
  const fd = libc.eventfd(0, 0);
  libc.close(fd);
  throws(() => libc.close(fd), "close() gets a fd that is not open");
  throws(() => libc.recv(fd, new Uint8Array(1), 1, 0), "recv() gets a fd that is not open");
  const context = openssl.SSL_CTX_new(openssl.TLS_client_method());
  const ssl = openssl.SSL_new(context);
  throws(() => openssl.SSL_read(ssl, new Uint8Array(1), 2), "gets 2 of 1 bytes");
  openssl.SSL_free(ssl);
  throws(() => openssl.SSL_free(ssl), "SSL_free() gets a SSL that is not open");
  throws(() => openssl.SSL_do_handshake(ssl), "gets a SSL that is not open");
  throws(() => handles.assertNone(), "left open");
  openssl.SSL_CTX_free(context);
  close();
});
