import { assert, assertEquals, assertMatch } from "@std/assert";
import net from "node:net";
import type { EngineName } from "../../lib/engine/engines.ts";
import type { EngineOptions } from "../../lib/engine/options.ts";
import type { Result } from "../../lib/result.ts";
import type { Target } from "../../lib/target.ts";
import { FormFile } from "../../lib/form/form_file.ts";
import { PiecedBody } from "../../lib/form/pieced_body.ts";
import { BodyDecoding } from "../../lib/engine/decoding.ts";
import { type AnswerServer, SOCKET_ENGINES } from "../fixtures/engine_suite.ts";
import { folder } from "../fixtures/folder.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { type NotedExchange, NotedExchanges } from "../fixtures/noted_exchanges.ts";
import { openEngine } from "../fixtures/open_engine.ts";
import { ProxyServer } from "../fixtures/proxy_server.ts";
import { ok } from "../fixtures/raw_server.ts";
import { target } from "../fixtures/target.ts";
import { AUTHORITY } from "../fixtures/tls_server.ts";
import { WildServer } from "../fixtures/wild_server.ts";

// What engines tell of the bytes of exchanges, beside what the server got and sent.

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** What a test looks at of an exchange that had a response. */
function summarize({ request, head, body, content, end }: NotedExchange): unknown[] {
  return [request.split("\r\n")[0], head, body, content, end?.cut, end?.isRequestWhole];
}

/** The head of a response of HTTP/2 in the form of HTTP/1.1, for one that a test has written. */
function toForm(head: string): string {
  const [, status, fields] = /^HTTP\/1\.1 (\d+)[^\r]*\r\n([^]*)$/.exec(head)!;
  const lines = fields.replace(/^(?:Transfer-Encoding|Connection):.*\r\n/gim, "");
  return `HTTP/1.1 ${status} \r\n${lines.replace(/^[^:\r\n]+:/gm, (name) => name.toLowerCase())}`;
}

/** The lines of a head in an order of their own: the servers of the suite keep none for HTTP/2. */
const sortLines = (head: string): string[] => head.split("\r\n").sort();

/** Makes requests one after the other by one engine, and notes their exchanges. */
async function hitWith(
  name: EngineName,
  targets: readonly Target[],
  options: Partial<EngineOptions>,
): Promise<{ noted: readonly NotedExchange[]; results: readonly Result[] }> {
  const exchanges = new NotedExchanges();
  const engine = await openEngine(name, { exchanges, ...options });
  const results = [];
  for (const target of targets) {
    results.push(await makeRequest(engine, target));
    assert(exchanges.all.every(({ end }) => end !== undefined), "before their request");
  }
  engine.close();
  return { noted: exchanges.all, results };
}

for (const { title, name, transport, serve, serveTls } of SOCKET_ENGINES) {
  const isHttp1 = name === "http1";
  /** The form in which the head of a response is told. */
  const told = (head: string): string => isHttp1 ? head : toForm(head);

  const hit = (targets: readonly Target[], options?: Partial<EngineOptions>) =>
    hitWith(name, targets, { transport, ...options });

  Deno.test(`${title} tells the bytes of requests and responses, redirects too`, async () => {
    const heads = [
      "HTTP/1.1 307 Over there\r\nLocation: /b?c=1\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 4\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-B: \xe9\r\n\r\n",
    ];
    await using server = await serve(({ send, request }) =>
      send(request.includes(" /b?") ? `${heads[1]}whole` : `${heads[0]}lost`)
    );
    const before = Date.now();
    const { noted, results } = await hit([target(server.url("/a"), {
      method: "PUT",
      headers: [["X-One", "1"], ["User-Agent", "\xe4"], ["X-One", "2"]],
      body: encode("sent"),
      requestId: ["X-Id", "7"],
    })]);
    assertEquals(results.map(({ status }) => status), [200]);
    assertEquals(noted.map(summarize), [
      ["PUT /a HTTP/1.1", told(heads[0]), "lost", "lost", undefined, true],
      ["PUT /b?c=1 HTTP/1.1", told(heads[1]), "whole", "whole", undefined, true],
    ]);
    const sort = isHttp1 ? (head: string) => [head] : sortLines;
    assertEquals(
      noted.map(({ request }) => sort(request)),
      server.requests.map(sort),
    );
    const protocol = isHttp1 ? "http/1.1" : "h2c";
    assertEquals(
      noted.map((it) => [it.url, it.protocol, it.address, it.status]),
      [
        [server.url("/a"), protocol, "127.0.0.1", 307],
        [server.url("/b?c=1"), protocol, "127.0.0.1", 200],
      ],
    );
    for (const { at } of noted) {
      assert(at > before - 1_000 && at < Date.now() + 1_000);
    }
  });

  Deno.test(`${title} tells responses without a body, and interim ones not at all`, async () => {
    const answers: Record<string, string> = {
      GET: "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n",
      HEAD: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
      POST: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    };
    await using server = await serve(({ send, request }) => {
      if (request.startsWith("POST")) send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
      send(answers[request.split(" ")[0]]);
    });
    const methods = Object.keys(answers);
    const { noted } = await hit(methods.map((method) => target(server.url(), { method })));
    assertEquals(
      noted.map(summarize),
      methods.map((method) => [
        `${method} / HTTP/1.1`,
        told(answers[method]),
        "",
        "",
        undefined,
        true,
      ]),
    );
  });

  Deno.test(`${title} tells why a body is cut short`, async () => {
    await using server = await serve(({ request, send, end, reset }) => {
      const path = request.split(" ")[1];
      send(`HTTP/1.1 200 OK\r\nContent-Length: ${path === "/length" ? 8 : 7}\r\n\r\npart`);
      // A stream of HTTP/2 that ends too soon is malformed.
      if (path === "/disconnect") isHttp1 ? end() : reset();
    });
    const cutAt = async (path: string, options: Partial<EngineOptions>): Promise<unknown[]> => {
      const { noted: [{ body, end }], results } = await hit([target(server.url(path))], options);
      return [end!.cut, results[0].error, body];
    };
    assertEquals(await cutAt("/disconnect", {}), ["disconnect", "body", "part"]);
    // What came with the head of a body that is too long is told by some.
    const [cut, error] = await cutAt("/length", { maxBodyBytes: 7 });
    assertEquals([cut, error], ["length", "body"]);
    // Only here may time run out, however busy the machine is; the part has to come before that.
    assertEquals(await cutAt("/time", { timeoutMs: 1_000 }), ["time", "timeout", "part"]);
  });

  Deno.test(`${title} tells a body in its content coding, whoever decodes it`, async () => {
    const gzip = await new Response(
      new Blob(["plain"]).stream().pipeThrough(new CompressionStream("gzip")),
    ).bytes();
    const coded = String.fromCharCode(...gzip);
    await using server = await serve(({ send }) => send(ok(coded, "Content-Encoding: gzip\r\n")));
    let decoded = "";
    const bodyFor = () => ({
      write: (bytes: Uint8Array) => void (decoded += new TextDecoder().decode(bytes)),
      end: () => {},
      discard: () => {},
    });
    const decoding = new BodyDecoding();
    const { noted } = await hit([target(server.url())], { bodyFor, decoding });
    assertEquals([decoded, noted[0].body, noted[0].content], ["plain", coded, coded]);
  });

  Deno.test(`${title} tells each time that a request is sent`, async () => {
    await using server = await serve(({ send, reset, nth }) => nth === 2 ? reset() : send(ok()));
    const { noted, results } = await hit([target(server.url("/1")), target(server.url("/2"))]);
    assertEquals(results[1].attempts, 2);
    assertEquals(noted.map(({ request, body, end }) => [request.split(" ")[1], body, end!.cut]), [
      ["/1", "ok", undefined],
      ["/2", "", "unspecified"],
      ["/2", "ok", undefined],
    ]);
  });

  Deno.test(`${title} tells a body that is read while it is sent`, async () => {
    await using dir = await folder();
    const content = "0123456789".repeat(30_000);
    await Deno.writeTextFile(dir.path("file"), content);
    const file = new FormFile(dir.path("file"), content.length);
    await using server = await serve(({ send, request }) =>
      send(
        request.includes(" /b ")
          ? ok()
          : "HTTP/1.1 307 X\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
      )
    );
    const { noted } = await hit(
      [new PiecedBody([encode("<"), file, encode(">")]), encode(`<${content}>`)]
        .map((body) => target(server.url("/a"), { method: "POST", body })),
    );
    file.close();
    assertEquals(noted.length, 4);
    for (const { request, end } of noted) {
      assertEquals(request.slice(request.indexOf("\r\n\r\n") + 4), `<${content}>`);
      assertEquals([end!.cut, end!.isRequestWhole], [undefined, true]);
    }
  });

  Deno.test(`${title} tells exchanges over TLS by their names in ALPN`, async () => {
    await using server = await serveTls(({ send }) => send(ok("secure")));
    const { noted } = await hit([target(server.url())], {
      tls: { ca: AUTHORITY, insecure: false },
    });
    assertEquals([noted[0].protocol, noted[0].body], [isHttp1 ? "http/1.1" : "h2", "secure"]);
  });

  Deno.test(`${title} tells what goes through a proxy, and not what opens the way`, async () => {
    const tls = { ca: AUTHORITY, insecure: false };
    await using plain: AnswerServer = await serve(({ send }) => send(ok("plain")));
    await using secure: AnswerServer = await serveTls(({ send }) => send(ok("secure")));
    await using proxy = await ProxyServer.start({ kind: "http" });
    const { hostname, port } = new URL(`http://127.0.0.1:${proxy.port}`);
    const { noted } = await hit([target(plain.url("/p")), target(secure.url("/s"))], {
      tls,
      proxy: { protocol: "http", hostname, port: Number(port), credentials: undefined },
    });
    const base = isHttp1 ? plain.url("") : "";
    assertEquals(
      noted.map(({ request, address, body }) => [request.split(" ")[1], address, body]),
      [[`${base}/p`, null, "plain"], ["/s", null, "secure"]],
    );
  });

  Deno.test(`${title} tells the address of the server, where it is one`, async () => {
    await using server = await serve(({ send }) => send(ok()), "::1");
    await using dir = await folder();
    const listener = { path: dir.path("socket") };
    const relay = net.createServer((socket) => {
      const far = net.connect({ host: "::1", port: server.port }).on("error", () => {});
      socket.on("error", () => {}).pipe(far).pipe(socket);
    });
    await new Promise<void>((resolve) => relay.listen(listener, resolve));
    const targets = [target(server.url("/", "[::1]"))];
    const direct = await hit(targets);
    const relayed = await hit(targets, { unixSocket: listener.path });
    await new Promise((resolve) => relay.close(resolve));
    assertEquals(
      [...direct.noted, ...relayed.noted].map(({ address, status }) => [address, status]),
      [["::1", 200], [null, 200]],
    );
  });

  Deno.test(`${title} tells exchanges of requests that are also shown`, async () => {
    await using server = await serve(({ send }) => send(ok()));
    const lines: string[] = [];
    const { noted } = await hit([target(server.url())], {
      trace: {
        begin: () => ({
          onRequest: ([first]) => lines.push(first),
          onResponse: ([first]) => lines.push(first),
          onEnd: ({ status }) => lines.push(`${status}`),
        }),
        bodyFor: () => undefined,
      },
    });
    assertEquals(
      lines,
      isHttp1
        ? ["GET / HTTP/1.1", "HTTP/1.1 200 OK", "200"]
        : [":method: GET", ":status: 200", "200"],
    );
    assertEquals(noted.map(({ request, body }) => [request.split("\r\n")[0], body]), [
      ["GET / HTTP/1.1", "ok"],
    ]);
  });

  Deno.test(`${title} ends a run whose exchanges cannot be kept`, async () => {
    await using server = await serve(({ send }) => send(ok()));
    const members = [
      ...["onExchange", "onRequestBody", "onResponseHead", "onContent", "onResponseBody", "onEnd"],
    ];
    for (const member of members) {
      const errors: unknown[] = [];
      const tell = (which: string) => (): void => {
        if (which === member) throw new Error(which);
      };
      const sink = {
        onRequestBody: tell("onRequestBody"),
        onResponseHead: tell("onResponseHead"),
        onContent: tell("onContent"),
        onResponseBody: tell("onResponseBody"),
        onEnd: tell("onEnd"),
      };
      const engine = await openEngine(name, {
        transport,
        exchanges: {
          begin: () => ({
            onExchange: () => {
              tell("onExchange")();
              return sink;
            },
          }),
        },
        onSinkFailure: (error) => errors.push((error as Error).message),
      });
      const { status, error } = await makeRequest(
        engine,
        target(server.url(), { method: "POST", body: encode("sent") }),
      );
      engine.close();
      assertEquals([errors, status, error], [[member], null, "cancelled"]);
    }
  });

  if (!isHttp1) continue;

  Deno.test(`${title} tells what was sent of a body before its response`, async () => {
    // Nothing is read of the body.
    const REFUSAL = "HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\nno";
    await using server = await WildServer.start(async (peer) => {
      if (!await peer.until(() => peer.received.includes("\r\n\r\n"))) return;
      peer.pause();
      await peer.send(REFUSAL);
    });
    const body = new Uint8Array(16 << 20).fill(0x2e);
    const { noted, results } = await hit([target(server.url(), { method: "POST", body })]);
    assertEquals(results.map(({ status }) => status), [413]);
    const [{ request, end }] = noted;
    assertEquals([end!.cut, end!.isRequestWhole], [undefined, false]);
    const sent = request.slice(request.indexOf("\r\n\r\n") + 4);
    assert(sent.length > 0 && sent.length < body.length, `${sent.length}`);
    assertMatch(request, /\r\nContent-Length: 16777216\r\n/);
  });

  Deno.test(`${title} tells heads and chunks of HTTP/1.1 as they came`, async () => {
    const head = "HTTP/1.0 200  All  is well \r\nx-a:1\r\nX-A: \t2 \r\nSet-Cookie: a=1\r\n" +
      "Set-Cookie: a=1\r\nX-Empty:\r\n\r\n";
    const chunks = "3;a=b\r\nabc\r\n00A  \r\n0123456789\r\n000;c\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n";
    const plain = "HTTP/1.1 200 OK\nContent-Length: 2\n\nok";
    await using server = await serve(({ request, send, end }) => {
      if (request.includes(" /chunks ")) send(CHUNKED + chunks);
      else if (request.includes(" /lf ")) send(plain);
      else send(head + "up to the end"), end();
    });
    const { noted } = await hit(
      ["/chunks", "/lf", "/head"].map((path) => target(server.url(path))),
    );
    assertEquals(noted.map(({ head, body, content, end }) => [head, body, content, end!.cut]), [
      [CHUNKED, chunks, "abc0123456789", undefined],
      [plain.slice(0, -2), "ok", "ok", undefined],
      [head, "up to the end", "up to the end", undefined],
    ]);
  });

  Deno.test(`${title} tells broken chunks as far as they came`, async () => {
    await using server = await serve(({ send }) => send(`${CHUNKED}3\r\nabc\r\nx\r\nrest`));
    const { noted, results } = await hit([target(server.url())]);
    assertEquals(results[0].error, "body");
    const [{ body, content, end }] = noted;
    assertEquals([body, content, end!.cut], ["3\r\nabc\r\nx\r\nrest", "abc", "unspecified"]);
  });

  Deno.test(`${title} tells no byte behind the end of a response`, async () => {
    await using server = await serve(({ send }) => send(`${ok()}HTTP/1.1 200 OK\r\n\r\n`));
    const { noted } = await hit([target(server.url())]);
    assertEquals([noted[0].body, noted.length], ["ok", 1]);
  });
}
