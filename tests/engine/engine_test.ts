import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { EngineOptions } from "../../lib/engine/options.ts";
import type { Result } from "../../lib/result.ts";
import type { Target } from "../../lib/target.ts";
import { ENGINE_SUITE } from "../fixtures/engine_suite.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { type Answer, ok, RawServer, refusedPort } from "../fixtures/raw_server.ts";
import { roundTrips } from "../fixtures/round_trips.ts";
import { target } from "../fixtures/target.ts";
import { until } from "../fixtures/until.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

for (const { title, name, create, serve } of ENGINE_SUITE) {
  /** Hits a server that answers so, and gives what came of it. */
  const hit = async (
    answer: Answer,
    more: Partial<Target> = {},
    options: Partial<EngineOptions> = {},
  ): Promise<{ result: Result; requests: string[] }> => {
    await using server = await serve(answer);
    const engine = create(options);
    const result = await makeRequest(engine, target(server.url(), more));
    engine.close();
    return { result, requests: server.requests };
  };

  Deno.test(`${title} gives status, bytes and times of a response`, async () => {
    const before = Date.now();
    const { result } = await hit(({ send }) => send(ok("Hello, World!")));
    assertEquals(result.status, 200);
    assertEquals([result.bytes, result.size, result.attempts], [13, 13, 1]);
    assertEquals([result.error, result.detail, result.location], [undefined, undefined, null]);
    assert(result.ms > 0 && result.ttfbMs !== null && result.ttfbMs <= result.ms);
    assert(Math.abs(result.at - before) < 60_000);
    assertEquals(result.engine, name);
  });

  Deno.test(`${title} tells when the head came, and when the rest did`, async () => {
    let sendRest: (() => void) | undefined;
    const { result } = await hit(
      ({ send }) => {
        send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
        sendRest = () => send("rest");
      },
      {},
      {
        // After the head was taken note of, the clock goes on by 5 ms before the rest is sent.
        onHead: () => {
          setTimeout(() => {
            const end = performance.now() + 5;
            while (performance.now() < end) { /* The clock goes on. */ }
            sendRest!();
          });
          return undefined;
        },
      },
    );
    assertEquals([result.status, result.size], [200, 4]);
    assert(result.ttfbMs! > 0 && result.ms >= result.ttfbMs! + 5, `${result.ttfbMs} ${result.ms}`);
  });

  for (
    const [how, answer, size] of [
      [
        "chunked",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        5,
      ],
      ["empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0],
      ["long", ok("x".repeat(300_000)), 300_000],
    ] as const
  ) {
    Deno.test(`${title} reads a body that is ${how}`, async () => {
      const { result } = await hit(({ send }) => send(answer));
      assertEquals([result.status, result.size, result.bytes], [200, size, size]);
    });
  }

  Deno.test(`${title} reads a body up to the end of the connection`, async () => {
    const { result } = await hit(({ send, end }) => {
      send("HTTP/1.1 200 OK\r\n\r\nabc");
      end();
    });
    assertEquals([result.status, result.size], [200, 3]);
  });

  for (const status of [204, 304]) {
    Deno.test(`${title} expects no body after ${status}`, async () => {
      const { result } = await hit(({ send }) =>
        send(`HTTP/1.1 ${status} X\r\nContent-Length: 9999999\r\n\r\n`)
      );
      assertEquals([result.status, result.size], [status, 0]);
    });
  }

  Deno.test(`${title} expects no body after HEAD`, async () => {
    const { result, requests } = await hit(
      ({ send }) => send("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"),
      { method: "HEAD" },
    );
    assertEquals([result.status, result.size], [200, 0]);
    assertMatch(requests[0], /^HEAD \/ HTTP\/1.1\r\n/);
  });

  Deno.test(`${title} sends method, fields and body`, async () => {
    const { result, requests } = await hit(({ send }) => send(ok()), {
      method: "PUT",
      headers: [["X-One", "1"], ["Content-Type", "a/b"], ["Accept-Encoding", "identity"]],
      body: bytes("körper"),
    });
    assertEquals(result.status, 200);
    assertMatch(requests[0], /^PUT \/ HTTP\/1.1\r\n/);
    assertMatch(requests[0], /^x-one: 1\r$/im);
    assertMatch(requests[0], /^content-type: a\/b\r$/im);
    assertMatch(requests[0], /^accept-encoding: identity\r$/im);
    assertMatch(requests[0], /^content-length: 7\r$/im);
    assert(requests[0].endsWith("\r\n\r\nk\u00c3\u00b6rper"));
  });

  Deno.test(`${title} reuses connections, and close() closes all`, async () => {
    await using server = await serve(({ send }) => send(ok()));
    const engine = create();
    for (let i = 0; i < 20; i++) {
      assertEquals((await makeRequest(engine, target(server.url()))).status, 200);
    }
    // Native fetch gives a connection back some time after the answer: the next request may be first.
    if (name !== "fetch") assertEquals(server.connections, 1);
    else assert(server.connections < 20, `${server.connections}`);
    engine.close();
    await until(() => server.open === 0);
  });

  Deno.test(`${title} makes a connection for each request where none is kept`, async () => {
    await using server = await serve(({ send }) => send(ok()));
    const engine = create({ disableKeepAlive: true });
    const request = () => makeRequest(engine, target(server.url()));
    const results = [await request(), ...await Promise.all([request(), request(), request()])];
    for (const { status, detail, isReused } of results) {
      assertEquals([status, isReused], [200, false], detail);
    }
    assertEquals(server.connections, 4);
    // None is idle, though the engine is open.
    await until(() => server.open === 0);
    if (name === "http1") assertMatch(server.requests[0], /^connection: close\r$/im);
    engine.close();
  });

  Deno.test(`${title} fails with 'dns' when a name does not resolve`, async () => {
    const engine = create();
    const result = await makeRequest(engine, target("http://does-not-exist.invalid/"));
    engine.close();
    assertEquals([result.status, result.error], [null, "dns"]);
  });

  Deno.test(`${title} fails with 'refused' when nothing listens`, async () => {
    const engine = create();
    const result = await makeRequest(engine, target(`http://127.0.0.1:${await refusedPort()}/`));
    engine.close();
    assertEquals([result.status, result.error], [null, "refused"]);
    assertStringIncludes(result.detail!, "refused");
  });

  Deno.test(`${title} fails with 'connect' when there is no route`, async () => {
    const engine = create();
    const result = await makeRequest(engine, target("http://255.255.255.255/"));
    engine.close();
    assertEquals([result.status, result.error], [null, "connect"]);
  });

  for (
    const [what, error, answer] of [
      ["the server resets the connection", "reset", ({ reset }) => reset()],
      ["the server closes without an answer", "reset", ({ end }) => end()],
      [
        "the head is cut short",
        "reset",
        ({ send, end }) => (send("HTTP/1.1 200 OK\r\nX: "), end()),
      ],
      ["the answer is not HTTP", "protocol", ({ send }) => send("hello there\r\n\r\n")],
      ["the status has five digits", "protocol", ({ send }) => send("HTTP/1.1 20000 OK\r\n\r\n")],
      [
        "the head is endless",
        "protocol",
        ({ send }) => send(`HTTP/1.1 200 OK\r\n${"X-A: b\r\n".repeat(100_000)}`),
      ],
      [
        "101 comes unasked",
        "protocol",
        ({ send }) =>
          send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
      ],
      [
        "the body is cut short",
        "body",
        ({ send, end }) => (send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), end()),
      ],
      [
        "a long body is cut short",
        "body",
        (
          { send, end },
        ) => (send(`HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${"x".repeat(100_000)}`),
          end()),
      ],
      [
        "a chunked body is cut short",
        "body",
        (
          { send, end },
        ) => (send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"), end()),
      ],
      [
        "a chunk's size is none",
        "body",
        ({ send }) => send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc"),
      ],
      ["the connection is reset in mid-body", "body", ({ send, reset }) => {
        send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        setTimeout(reset, 20);
      }],
    ] as [string, string, Answer][]
  ) {
    Deno.test(`${title} fails with '${error}' when ${what}`, async () => {
      const { result } = await hit(answer);
      assertEquals([result.status, result.error], [null, error], result.detail);
      assert(result.detail!.length > 0);
      assert(!result.detail!.includes("127.0.0.1"), result.detail);
    });
  }

  Deno.test(`${title} fails with 'tls' when the server has no TLS or no trusted certificate`, async () => {
    const engine = create();
    const plain = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const answered = (async () => {
      const connection = await plain.accept();
      await connection.write(bytes("HTTP/1.1 400 Bad Request\r\n\r\n"));
      await connection.read(new Uint8Array(1024));
      connection.close();
    })();
    const toPlain = await makeRequest(engine, target(`https://127.0.0.1:${plain.addr.port}/`));
    await answered;
    plain.close();
    assertEquals([toPlain.status, toPlain.error], [null, "tls"], toPlain.detail);
    const listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: await Deno.readTextFile(new URL("../fixtures/self_signed.crt", import.meta.url)),
      key: await Deno.readTextFile(new URL("../fixtures/self_signed.key", import.meta.url)),
    });
    const accepted = (async () => {
      const connection = await listener.accept();
      await connection.handshake().catch(() => {});
      connection.close();
    })();
    const result = await makeRequest(engine, target(`https://127.0.0.1:${listener.addr.port}/`));
    await accepted;
    listener.close();
    engine.close();
    assertEquals([result.status, result.error], [null, "tls"], result.detail);
    assertStringIncludes(result.detail!, "certificate");
  });

  for (
    const [when, answer] of [
      ["the server never answers", () => {}],
      [
        "the server stalls in mid-body",
        ({ send }) => send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
      ],
      ["the server drips an endless head", ({ send }) => send("HTTP/1.1 200 OK\r\n")],
    ] as [string, Answer][]
  ) {
    Deno.test(`${title} fails with 'timeout' when ${when}`, async () => {
      const { result } = await hit(answer, {}, { timeoutMs: 100 });
      assertEquals([result.status, result.error], [null, "timeout"]);
      assert(result.ms >= 100);
      assertStringIncludes(result.detail!, "100 ms");
    });
  }

  // With HTTP/2 the stream ends, and the connection goes on.
  if (name !== "http2") {
    Deno.test(`${title} closes the connection of a request that times out`, async () => {
      await using server = await serve(() => {});
      const engine = create({ timeoutMs: 50 });
      await makeRequest(engine, target(server.url()));
      await until(() => server.open === 0);
      engine.close();
    });
  }

  for (
    const framing of ["Content-Length: 2000000", "Transfer-Encoding: chunked", "X: to the end"]
  ) {
    Deno.test(`${title} cuts off an endless body with ${framing}`, async () => {
      const chunk = "x".repeat(4096);
      const { result } = await hit(
        ({ send, flood }) => {
          send(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`);
          flood(framing.endsWith("chunked") ? `1000\r\n${chunk}\r\n` : chunk);
        },
        {},
        { maxBodyBytes: 50_000 },
      );
      assertEquals([result.status, result.error], [null, "body"], result.detail);
      assertStringIncludes(result.detail!, "--max-body");
    });
  }

  Deno.test(`${title} accepts a body of exactly --max-body`, async () => {
    for (const body of ["x".repeat(1000), "x".repeat(100_000)]) {
      const { result } = await hit(({ send }) => send(ok(body)), {}, { maxBodyBytes: body.length });
      assertEquals([result.status, result.size], [200, body.length]);
      const { result: over } = await hit(({ send }) => send(ok(body)), {}, {
        maxBodyBytes: body.length - 1,
      });
      assertEquals([over.status, over.error], [null, "body"]);
    }
  });

  Deno.test(`${title} fails with 'url' when it cannot make a request for the URL`, async () => {
    const engine = create();
    for (
      const url of ["http://", "http://127.0.0.1:99999/", "http://127.0.0.1:0/", "ftp://127.0.0.1/"]
    ) {
      const result = await makeRequest(engine, target(url));
      assertEquals([result.status, result.error], [null, "url"], url);
    }
    engine.close();
  });

  // Redirects.
  const redirecting = (to: string, status = 302): Answer => ({ send, request }) =>
    send(
      request.startsWith("GET /end") || request.startsWith("POST /end")
        ? ok("the end")
        : `HTTP/1.1 ${status} X\r\nLocation: ${to}\r\nContent-Length: 3\r\n\r\nfoo`,
    );

  Deno.test(`${title} follows redirects`, async () => {
    const { result, requests } = await hit(redirecting("/end?x"));
    assertEquals([result.status, result.size, result.location], [200, 7, null]);
    assertEquals(requests.map((request) => request.split(" ")[1]), ["/", "/end?x"]);
    assertEquals(result.target.url.endsWith("/"), true);
  });

  Deno.test(`${title} gives where redirects led to, and the type of the final response`, async () => {
    const refused = `http://127.0.0.1:${await refusedPort()}/`;
    await using server = await serve(({ send, request }) => {
      const [, path] = request.split(" ");
      if (path === "/a") send("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
      else if (path === "/b") {
        send("HTTP/1.1 200 OK\r\nContent-Type: text/x; q=\xe9\r\nContent-Length: 0\r\n\r\n");
      } else send(`HTTP/1.1 302 Found\r\nLocation: ${refused}\r\nContent-Length: 0\r\n\r\n`);
    });
    const engine = create({ contentType: true });
    const about = async (url: string): Promise<unknown[]> => {
      const { finalUrl, redirects, contentType, error } = await makeRequest(engine, target(url));
      return [finalUrl, redirects, contentType, error];
    };
    const end = server.url("/b");
    assertEquals(await about(server.url("/a")), [end, 1, "text/x; q=é", undefined]);
    assertEquals(await about(end), [end, 0, "text/x; q=é", undefined]);
    // Where a request failed that a redirect led to.
    assertEquals(await about(server.url("/c")), [refused, 1, null, "refused"]);
    assertEquals(await about("http://127.0.0.1:0/"), [null, 0, null, "url"]);
    engine.close();
    const plain = create();
    assertEquals((await makeRequest(plain, target(end))).contentType, null);
    plain.close();
  });

  Deno.test(`${title} reports the 3xx itself when it follows no redirects`, async () => {
    const { result } = await hit(redirecting("/end", 307), {}, { redirects: 0 });
    assertEquals([result.status, result.size, result.location, result.error], [
      307,
      3,
      "/end",
      undefined,
    ]);
  });

  Deno.test(`${title} fails with 'redirect' when redirects loop`, async () => {
    const { result, requests } = await hit(redirecting("/again"), {}, { redirects: 3 });
    assertEquals([result.status, result.error, result.location], [null, "redirect", null]);
    assertEquals(requests.length, 4);
  });

  for (
    const to of [
      "file:///etc/passwd",
      "data:text/plain,hello",
      "http://",
      "javascript:1",
      "http://a:b:c/",
    ]
  ) {
    Deno.test(`${title} fails with 'redirect' when it leads to ${to}`, async () => {
      const { result } = await hit(redirecting(to));
      assertEquals([result.status, result.error], [null, "redirect"]);
    });
  }

  for (
    const [status, method, becomes] of [
      [301, "POST", "GET"],
      [302, "POST", "GET"],
      [303, "PUT", "GET"],
      [307, "POST", "POST"],
      [308, "POST", "POST"],
    ] as const
  ) {
    Deno.test(`${title} sends ${becomes} after ${method} and ${status}`, async () => {
      const { result, requests } = await hit(redirecting("/end", status), {
        method,
        body: bytes("abc"),
        headers: [["Content-Type", "a/b"], ["X-Keep", "1"]],
      });
      assertEquals(result.status, 200, result.detail);
      assertMatch(requests[1], new RegExp(`^${becomes} /end`));
      assertEquals(requests[1].endsWith("\r\n\r\nabc"), becomes !== "GET");
      assertEquals(/^content-type: a\/b\r$/im.test(requests[1]), becomes !== "GET");
      assertMatch(requests[1], /^x-keep: 1\r$/im);
    });
  }

  Deno.test(`${title} sends no credentials to another origin`, async () => {
    await using other = await serve(({ send }) => send(ok()));
    const headers = [
      ["Authorization", "Basic c2VjcmV0"],
      ["Cookie", "a=secret"],
      ["Proxy-Authorization", "secret"],
      ["X-Api-Key", "secret"],
      ["X-Auth-Token", "secret"],
      ["X-Plain", "1"],
    ] as const;
    const { result, requests } = await hit(redirecting(other.url("/end")), { headers });
    assertEquals(result.status, 200);
    assertStringIncludes(requests[0], "c2VjcmV0");
    assert(!/secret|c2VjcmV0/i.test(other.requests[0]), other.requests[0]);
    assertMatch(other.requests[0], /^x-plain: 1\r$/im);
  });

  // RFC 9110 §9.2.2: what is not idempotent is never sent twice.
  const closesReused: Answer = ({ nth, send, end }) => nth === 1 ? send(ok()) : end();
  for (
    const [what, more] of [
      ["POST with a body", { method: "POST", body: bytes("x=1") }],
      ["POST without one", { method: "POST" }],
      ["PATCH with a body", { method: "PATCH", body: bytes("x=1") }],
      ["a method of one's own", { method: "PURGE" }],
    ] as const
  ) {
    Deno.test(`${title} sends ${what} once when the connection is dead`, async () => {
      await using server = await serve(closesReused);
      const engine = create({ concurrency: 1 });
      for (let i = 0; i < 6; i++) {
        const { status, error } = await makeRequest(engine, target(server.url(`/${i}`), more));
        assert(status === 200 || error === "reset", error);
      }
      engine.close();
      const paths = server.requests.map((request) => request.split(" ")[1]);
      assertEquals(paths, ["/0", "/1", "/2", "/3", "/4", "/5"]);
      assert(!server.requests.some((request) => /transfer-encoding/i.test(request)));
    });
  }

  for (
    const [what, more] of [
      ["GET", {}],
      ["PUT with a body", { method: "PUT", body: bytes("x=1") }],
      ["DELETE with a body", { method: "DELETE", body: bytes("x=1") }],
    ] as const
  ) {
    Deno.test(`${title} resends ${what} when a reused connection is dead, and counts it`, async () => {
      await using server = await serve(closesReused);
      const engine = create({ concurrency: 1 });
      let sent = 0;
      for (let i = 0; i < 6; i++) {
        const { status, attempts } = await makeRequest(engine, target(server.url(`/${i}`), more));
        assertEquals(status, 200);
        sent += attempts;
      }
      engine.close();
      // Native fetch says nothing of what it sends twice, and does it where there is no body.
      assertEquals(sent, name === "fetch" && what === "GET" ? 6 : server.requests.length);
      assert(server.requests.length > 6);
    });
  }

  Deno.test(`${title} resends idempotent requests once`, async () => {
    await using server = await serve(({ request, send, end }) =>
      request.startsWith("GET /first") ? send(ok()) : end()
    );
    const engine = create({ concurrency: 1 });
    await makeRequest(engine, target(server.url("/first")));
    await roundTrips();
    const { error, attempts } = await makeRequest(
      engine,
      target(server.url(), { method: "PUT", body: bytes("x=1") }),
    );
    engine.close();
    assertEquals([error, attempts, server.requests.length], ["reset", 2, 3]);
  });

  Deno.test(`${title} cancel() ends requests in flight and later ones`, async () => {
    await using server = await serve(() => {});
    const engine = create();
    const hits = Array.from({ length: 5 }, () => makeRequest(engine, target(server.url())));
    await until(() => server.requests.length === 5);
    engine.cancel();
    for (const result of await Promise.all(hits)) {
      assertEquals([result.status, result.error, result.attempts], [null, "cancelled", 1]);
    }
    const later = await makeRequest(engine, target(server.url()));
    assertEquals([later.error, later.attempts], ["cancelled", 0]);
    assertEquals(server.requests.length, 5);
    engine.close();
  });
}

// What the engines make of the same answer, asked for twice: what came, and over how many
// connections (`?`: now one, now two). Where they differ, README.md says so.
const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
for (
  const [what, answer, fetch, http1 = fetch] of [
    [
      "a length and a coding",
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
      "200/1 over ?",
      "200/1 over 2",
    ],
    ["another version", "HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n", "protocol over 2"],
    [
      "white space before a colon",
      "HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 0\r\n\r\n",
      "protocol over 2",
    ],
    [
      "a folded line",
      "HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 0\r\n\r\n",
      "protocol over 2",
    ],
    [
      "two lengths",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "protocol over 2",
    ],
    ["a length with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na", "protocol over 2"],
    [
      "NUL in a field",
      "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
      "protocol over 2",
    ],
    ["lines that end in LF", "HTTP/1.1 200 OK\nContent-Length: 1\n\na", "200/1 over 1"],
    ["chunks that end in LF", `${CHUNKED}1\na\n0\n\n`, "body over 2"],
    ["another answer behind it", ok("a") + ok("poison"), "200/1 over 2"],
    ["a status of no class", "HTTP/1.1 666 X\r\nContent-Length: 0\r\n\r\n", "666/0 over 1"],
    [
      "a list of equal lengths",
      "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\na",
      "200/1 over 1",
      "protocol over 2",
    ],
    [
      "a coding besides chunked",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "200/0 over 1",
      "protocol over 2",
    ],
    [
      "an empty line before it",
      "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      "200/0 over 1",
      "protocol over 2",
    ],
    ["trailers", `${CHUNKED}1\r\na\r\n0\r\nX: y\r\n\r\n`, "200/1 over 2", "200/1 over 1"],
    [
      "200 fields",
      `HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(200)}Content-Length: 0\r\n\r\n`,
      "protocol over 2",
      "200/0 over 1",
    ],
  ] as [string, string, string, string?][]
) {
  // The others are of HTTP/1.1 only.
  for (const { title, name, create } of ENGINE_SUITE.filter(({ name }) => name !== "http2")) {
    const expected = name === "fetch" ? fetch : http1;
    Deno.test(`${title} gives ${expected} for a response with ${what}`, async () => {
      await using server = await RawServer.start(({ send }) => send(answer));
      const engine = create();
      const headers = [["Accept-Encoding", "identity"]] as const;
      for (let i = 0; i < 2; i++) {
        const { status, size, error } = await makeRequest(
          engine,
          target(server.url(), { headers }),
        );
        assertEquals(error ?? `${status}/${size}`, expected.split(" ")[0]);
      }
      engine.close();
      const connections = expected.split(" ")[2];
      if (connections !== "?") assertEquals(`${server.connections}`, connections);
    });
  }
}
