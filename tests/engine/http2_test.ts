import { assert, assertEquals, assertMatch } from "@std/assert";
import { BodyDecoding } from "../../lib/engine/decoding.ts";
import { FetchEngine } from "../../lib/engine/fetch/fetch.ts";
import type { EngineOptions } from "../../lib/engine/options.ts";
import type { Result } from "../../lib/result.ts";
import type { Target } from "../../lib/target.ts";
import { ENGINE_OPTIONS } from "../fixtures/engine_options.ts";
import { CODE } from "../fixtures/http2_frames.ts";
import { type Http2Answer, Http2Server } from "../fixtures/http2_server.ts";
import { isInstalled } from "../fixtures/installed.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { startNginx } from "../fixtures/peer_servers.ts";
import { ok } from "../fixtures/raw_server.ts";
import { target } from "../fixtures/target.ts";
import { AUTHORITY, SERVER, TlsServer } from "../fixtures/tls_server.ts";
import { until } from "../fixtures/until.ts";

// What native fetch makes of HTTP/2: what the server did not process is sent again, and nothing else.

const create = (options: Partial<EngineOptions> = {}): FetchEngine =>
  new FetchEngine({ ...ENGINE_OPTIONS, tls: { ca: AUTHORITY, insecure: false }, ...options });

const BODY = new TextEncoder().encode("x=1");
const POST = { method: "POST", body: BODY };

/** Hits a server that answers so, and gives what came of it and how often it was asked. */
async function hit(
  answer: Http2Answer,
  more: Partial<Target> = {},
  options: Partial<EngineOptions> = {},
): Promise<{ result: Result; requests: number }> {
  await using server = await Http2Server.start(answer);
  const engine = create(options);
  const result = await makeRequest(engine, target(server.url(), more));
  engine.close();
  return { result, requests: server.requests };
}

/** Does the first thing so many times, and answers then. */
function after(times: number, first: Http2Answer): Http2Answer {
  let left = times;
  return (request) => left-- > 0 ? first(request) : request.respond(request.body);
}

const UNPROCESSED: readonly [what: string, Http2Answer][] = [
  ["refuses its stream", ({ resetStream }) => resetStream(CODE.refusedStream)],
  ["closes the connection below its stream", ({ id, goAway, end }) => {
    goAway(id - 1, CODE.noError);
    end();
  }],
  ["closes the connection below its stream for an error", ({ id, goAway, end }) => {
    goAway(id - 1, CODE.enhanceYourCalm);
    end();
  }],
];

for (const [what, answer] of UNPROCESSED) {
  for (
    const [how, more] of [
      ["POST with a body", POST],
      ["PATCH with a body", { ...POST, method: "PATCH" }],
      ["PUT with a body", { ...POST, method: "PUT" }],
    ] as const
  ) {
    Deno.test(`fetch engine resends ${how} when a server ${what}, and counts it`, async () => {
      const { result, requests } = await hit(after(3, answer), more);
      assertEquals([result.status, result.error, result.size], [200, undefined, 3], result.detail);
      assertEquals([result.attempts, requests], [4, 4]);
    });
  }

  for (const method of ["GET", "DELETE", "POST"]) {
    Deno.test(`fetch engine resends ${method} when a server ${what}`, async () => {
      const { result, requests } = await hit(after(3, answer), { method });
      assertEquals([result.status, result.error], [200, undefined], result.detail);
      assertEquals(requests, 4);
      // Once in a hop native fetch sends again by itself what has no body.
      assert(result.attempts > 1 && result.attempts <= 4);
    });
  }
}

for (
  const [what, error, answer] of [
    [
      "resets its stream for an error of its own",
      "protocol",
      ({ resetStream }) => resetStream(CODE.internalError),
    ],
    ["cancels its stream", "protocol", ({ resetStream }) => resetStream(CODE.cancel)],
    ["ends the connection", "reset", ({ end }) => end()],
    ["closes the connection above its stream", "reset", ({ id, goAway, end }) => {
      goAway(id, CODE.noError);
      end();
    }],
    ["closes the connection above its stream for an error", "reset", ({ id, goAway, end }) => {
      goAway(id, CODE.internalError);
      end();
    }],
    ["refuses its stream behind the head of an answer", "body", ({ begin, resetStream }) => {
      begin("abc");
      resetStream(CODE.refusedStream);
    }],
  ] as [string, string, Http2Answer][]
) {
  Deno.test(`fetch engine fails POST with '${error}' when a server ${what}`, async () => {
    const { result, requests } = await hit(answer, POST);
    assertEquals([result.status, result.error], [null, error], result.detail);
    assertEquals([result.attempts, requests], [1, 1]);
  });
}

Deno.test("fetch engine resends requests that waited for a stream of a closed connection", async () => {
  await using server = await Http2Server.start(({ id, nth, body, respond, goAway, end }) => {
    if (nth === 2) goAway(id, CODE.noError);
    respond(body);
    if (nth === 2) end();
  }, 1);
  const engine = create();
  // Only then it knows that there is one stream.
  await makeRequest(engine, target(server.url()));
  const results = await Promise.all(
    [1, 2, 3, 4].map(() => makeRequest(engine, target(server.url(), POST))),
  );
  engine.close();
  assertEquals(results.map(({ status, detail }) => detail ?? status), [200, 200, 200, 200]);
  assert(results.some(({ attempts }) => attempts > 1));
});

Deno.test("fetch engine gives up a request that a server keeps refusing", async () => {
  const { result, requests } = await hit(
    ({ resetStream }) => resetStream(CODE.refusedStream),
    POST,
  );
  assertEquals([result.status, result.error], [null, "protocol"]);
  assertMatch(result.detail!, /refused stream/);
  assertEquals([result.attempts, requests], [9, 9]);
});

Deno.test("fetch engine reports a server that closes every connection before it processes", async () => {
  const { result } = await hit(({ goAway, end }) => {
    goAway(0, CODE.noError);
    end();
  }, POST);
  assertEquals([result.error, result.attempts], ["reset", 9]);
  assertMatch(result.detail!, /closed the connection \(GOAWAY\) before it processed/);
});

for (const [how, kind] of [["timeout", "timeout"], ["cancel()", "cancelled"]]) {
  Deno.test(`fetch engine ends a request by ${how} while it waits to be resent`, async () => {
    // Less than all pauses together take.
    const timeoutMs = kind === "timeout" ? 300 : 10_000;
    await using server = await Http2Server.start(({ resetStream }) =>
      resetStream(CODE.refusedStream)
    );
    const engine = create({ timeoutMs });
    const hit = makeRequest(engine, target(server.url(), POST));
    if (kind === "cancelled") {
      await until(() => server.requests === 5);
      engine.cancel();
    }
    const { error, attempts } = await hit;
    engine.close();
    assertEquals(error, kind);
    assert(attempts < 9 && server.requests <= attempts, `${attempts}`);
  });
}

Deno.test("fetch engine resends a redirect's request, not the one before it", async () => {
  let refused = 0;
  const { result, requests } = await hit(({ nth, body, respond, resetStream }) => {
    if (nth === 1) respond("", [[":status", "307"], ["location", "/b"]]);
    else if (refused++ < 2) resetStream(CODE.refusedStream);
    else respond(`${body} after all`);
  }, POST);
  assertEquals([result.status, result.size, result.location], [200, 13, null], result.detail);
  assertEquals([result.attempts, requests], [3, 4]);
});

Deno.test("fetch engine resends PUT when a reused connection ends without a response", async () => {
  await using server = await Http2Server.start(({ nth, body, respond, end }) =>
    nth === 1 ? respond(body) : end()
  );
  const engine = create();
  const put = { method: "PUT", body: BODY };
  const attempts = [];
  for (let i = 0; i < 3; i++) {
    const { status, attempts: of } = await makeRequest(engine, target(server.url(), put));
    attempts.push([status, of]);
  }
  engine.close();
  assertEquals(attempts, [[200, 1], [200, 2], [200, 1]]);
  assertEquals(server.requests, 4);
});

for (
  const [what, stop] of [
    ["cancels", ({ resetStream }) => resetStream(CODE.cancel)],
    ["ends without an error", ({ resetStream }) => resetStream(CODE.noError)],
    ["disowns by GOAWAY", ({ goAway }) => goAway(0, CODE.noError)],
  ] as [string, Http2Answer][]
) {
  Deno.test(`fetch engine fails with 'body' when a server ${what} a body that is longer`, async () => {
    for (const length of [10, 100_000]) {
      const { result } = await hit((request) => {
        request.begin("abc", [["content-length", `${length}`]]);
        stop(request);
      });
      assertEquals([result.status, result.error, result.bytes], [null, "body", 3]);
      assertEquals(result.detail, `it ended after 3 of ${length} bytes`);
    }
  });
}

/** Starts an nginx that speaks HTTP/2 over TLS. @param lines of its server */
async function startSecureNginx(
  lines: string,
  listen = "ssl http2",
): Promise<AsyncDisposable & { url: string }> {
  const nginx = await startNginx(
    ({ port }) =>
      `server { listen 127.0.0.1:${port} ${listen}; ssl_certificate crt; ssl_certificate_key key;
         ${lines} location / { return 200 "Hello"; } }`,
    async (directory) => {
      await Deno.writeTextFile(`${directory}/crt`, SERVER.cert);
      await Deno.writeTextFile(`${directory}/key`, SERVER.key);
    },
  );
  return {
    url: `https://127.0.0.1:${nginx.port}/`,
    [Symbol.asyncDispose]: () => nginx[Symbol.asyncDispose](),
  };
}

const WITHOUT_NGINX = { ignore: !isInstalled("nginx", "nginx-light") };

for (
  const [what, lines, more] of [
    ["closes connections after 60 requests", "keepalive_requests 60;", POST],
    ["allows 4 streams", "http2_max_concurrent_streams 4;", POST],
    [
      "allows 4 streams and closes connections",
      "http2_max_concurrent_streams 4; keepalive_requests 60;",
      POST,
    ],
  ] as [string, string, Partial<Target>][]
) {
  Deno.test(
    `fetch engine has no failure when nginx ${what}`,
    WITHOUT_NGINX,
    async () => {
      await using nginx = await startSecureNginx(lines);
      const engine = create({ concurrency: 50 });
      const results: Result[] = [];
      // So few connections that a request which meets the end of each is not sent nine times: each
      // refuses it once, as the client does not know yet of the 4, and ends once before its turn.
      let left = 240;
      const work = async (): Promise<void> => {
        while (left-- > 0) results.push(await makeRequest(engine, target(nginx.url, more)));
      };
      await Promise.all(Array.from({ length: 50 }, work));
      engine.close();
      assertEquals(results.filter(({ status }) => status !== 200).map(({ detail }) => detail), []);
      assertEquals(results.length, 240);
    },
  );
}

/** What nginx was asked with, and then text that is worth being packed. */
const ECHO = "gzip on; gzip_min_length 1; gzip_types *; location = /echo { return 200 " +
  `"$server_protocol|$http_accept_encoding|$http_range$http_connection|${"x".repeat(900)}"; }`;
const CODED = { headers: [["Accept-Encoding", "gzip"]] as const };

Deno.test(
  "fetch engine sends Accept-Encoding over HTTP/2, and counts the bytes received",
  WITHOUT_NGINX,
  async () => {
    await using nginx = await startSecureNginx(ECHO);
    let text = "";
    const engine = create({
      decoding: new BodyDecoding(),
      bodyFor: () => ({
        write: (bytes) => text += new TextDecoder().decode(bytes),
        end: () => {},
        discard: () => {},
      }),
    });
    const { status, bytes, size } = await makeRequest(engine, target(`${nginx.url}echo`, CODED));
    engine.close();
    assertEquals([status, size, text.length], [200, text.length, size]);
    assertMatch(text, /^HTTP\/2\.0\|gzip\|\|x{900}$/);
    assert(bytes > 20 && bytes < 100, `${bytes}`);
  },
);

Deno.test(
  "fetch engine sends simultaneous requests with a coding to a server without HTTP/2",
  WITHOUT_NGINX,
  async () => {
    await using nginx = await startSecureNginx(ECHO, "ssl");
    const engine = create();
    // Those that wait for a connection at the same time go the other way, too.
    const hits = Array.from(
      { length: 5 },
      () => makeRequest(engine, target(`${nginx.url}echo`, CODED)),
    );
    for (const { status, size, attempts, detail } of await Promise.all(hits)) {
      assertEquals([status, attempts], [200, 1], detail);
      assert(size > 900);
    }
    engine.close();
  },
);

for (
  const [method, first] of [
    ["GET", "200"],
    // It could have been processed, for all that is known.
    ["POST", "protocol"],
  ]
) {
  Deno.test(`fetch engine learns with ${method} that a server without ALPN has HTTP/1.1`, async () => {
    await using server = await TlsServer.start(
      ({ send }) => send(ok("ok")),
      { ALPNProtocols: undefined },
    );
    const engine = create();
    const more = { ...CODED, method, body: method === "POST" ? BODY : undefined };
    const outcomes = [];
    for (let i = 0; i < 2; i++) {
      const { status, error } = await makeRequest(engine, target(server.url(), more));
      outcomes.push(error ?? `${status}`);
    }
    engine.close();
    assertEquals(outcomes, [first, "200"]);
  });
}
