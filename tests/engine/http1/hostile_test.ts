import { assert, assertEquals } from "@std/assert";
import { SocketEngine } from "../../../lib/engine/sockets/socket_engine.ts";
import { PortableTransports } from "../../../lib/engine/transport/portable.ts";
import type { EngineOptions } from "../../../lib/engine/options.ts";
import type { Result } from "../../../lib/result.ts";
import type { Target } from "../../../lib/target.ts";
import { every } from "../../fixtures/every.ts";
import { makeRequest } from "../../fixtures/make_request.ts";
import { startDeaf } from "../../fixtures/peer_servers.ts";
import { ok } from "../../fixtures/raw_server.ts";
import { countConnecting } from "../../fixtures/silent_host.ts";
import { target } from "../../fixtures/target.ts";
import { type Peer, tick, WildServer } from "../../fixtures/wild_server.ts";

// Servers that mean no good, one state of an answer after the other.

function create(options: Partial<EngineOptions> = {}): SocketEngine {
  return new SocketEngine(
    {
      concurrency: 10,
      // More than a loaded machine ever needs: where it is reached, nothing else ended the request.
      timeoutMs: 30_000,
      redirects: 10,
      maxBodyBytes: 1 << 20,
      ...options,
    },
    "http1",
    new PortableTransports(),
  );
}

/** What came of a request: its status, or why there is none; and bytes of its body. */
function outcomeOf({ status, error, size }: Result): [number | string | undefined, number] {
  return [status ?? error, size];
}

/** What this isolate holds, in bytes. */
function heldBytes(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** Garbage of a busy isolate, and the server's own buffers; less than any flood below. */
const MEMORY_SLACK_BYTES = 128 << 20;

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const LENGTH = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
const POST = { method: "POST", body: new TextEncoder().encode("once") };

type Outcome = [number | string, number];

/** Where an answer is cut, and what comes of it by a good end and by a reset. */
const CUTS: [what: string, sent: string, ended: Outcome, reset?: Outcome][] = [
  ["a part of the status line", "HTTP/1.1 2", ["reset", 0]],
  ["the status line", "HTTP/1.1 200 OK\r\n", ["reset", 0]],
  ["a part of a field", "HTTP/1.1 200 OK\r\nContent-Le", ["reset", 0]],
  ["the head but its LF", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r", ["reset", 0]],
  ["an interim response", "HTTP/1.1 100 Continue\r\n\r\n", ["reset", 0]],
  ["the head before a length", LENGTH, ["body", 0]],
  ["a part of a body by length", `${LENGTH}abc`, ["body", 3]],
  ["the head before chunks", CHUNKED, ["body", 0]],
  ["a part of a chunk's size", `${CHUNKED}0`, ["body", 0]],
  ["a part of a chunk's extension", `${CHUNKED}5;a`, ["body", 0]],
  ["the CR of a chunk's size", `${CHUNKED}5\r`, ["body", 0]],
  ["a chunk's size", `${CHUNKED}5\r\n`, ["body", 0]],
  ["a part of a chunk", `${CHUNKED}5\r\nab`, ["body", 2]],
  ["a chunk's data", `${CHUNKED}5\r\nabcde`, ["body", 5]],
  ["the CR behind a chunk", `${CHUNKED}5\r\nabcde\r`, ["body", 5]],
  ["a chunk", `${CHUNKED}5\r\nabcde\r\n`, ["body", 5]],
  ["the last chunk's size", `${CHUNKED}5\r\nabcde\r\n0\r\n`, ["body", 5]],
  ["a part of a trailer", `${CHUNKED}0\r\nX-T`, ["body", 0]],
  ["a trailer", `${CHUNKED}0\r\nX-T: y\r\n`, ["body", 0]],
  ["the answer but its last LF", `${CHUNKED}0\r\n\r`, ["body", 0]],
  ["an answer by length", `${LENGTH}abcde`, [200, 5]],
  ["an answer by chunks", `${CHUNKED}5\r\nabcde\r\n0\r\n\r\n`, [200, 5]],
  ["an answer without a body", "HTTP/1.1 204 No Content\r\n\r\n", [204, 0]],
  ["an answer up to the end", "HTTP/1.1 200 OK\r\n\r\nabc", [200, 3], ["body", 3]],
];

for (const [what, sent, ended, reset = ended] of CUTS) {
  for (const [how, expected] of [["end", ended], ["reset", reset]] as const) {
    Deno.test(`http1 engine sends once when ${what} came and then the server's ${how}`, async () => {
      let seen = 0;
      await using server = await WildServer.start(async (peer) => {
        for (let request; (request = await peer.request()) !== undefined;) {
          if (request.startsWith("GET /first ")) {
            await peer.send(ok());
            continue;
          }
          seen++;
          await peer.send(sent);
          return peer[how]();
        }
      });
      for (
        const [way, isReused, more] of [
          ["GET, fresh", false, {}],
          ["GET, reused", true, {}],
          ["POST, fresh", false, POST],
          ["POST, reused", true, POST],
        ] as [string, boolean, Partial<Target>][]
      ) {
        seen = 0;
        const engine = create();
        if (isReused) {
          assertEquals(outcomeOf(await makeRequest(engine, target(server.url("/first")))), [
            200,
            2,
          ]);
        }
        const result = await makeRequest(engine, target(server.url("/cut"), more));
        assertEquals(outcomeOf(result), expected, way);
        assertEquals(result.isReused, isReused, way);
        assertEquals(seen, 1, way);
        // What is closed is not taken for an idle connection.
        assertEquals(
          outcomeOf(await makeRequest(engine, target(server.url("/first")))),
          [200, 2],
          way,
        );
        engine.close();
        await server.closed();
      }
    });
  }
}

for (const how of ["end", "reset"] as const) {
  Deno.test(`http1 engine resends only GET on a reused connection after the server's ${how}`, async () => {
    const seen: string[] = [];
    await using server = await WildServer.start(async (peer) => {
      for (let request; (request = await peer.request()) !== undefined;) {
        const path = request.split(" ")[1];
        seen.push(path);
        // The second time `/twice` is answered, `/never` never.
        const isAnswered = path === "/first" ||
          (path === "/twice" && seen.filter((other) => other === path).length === 2);
        if (!isAnswered) return peer[how]();
        await peer.send(ok());
      }
    });
    for (
      const [path, isReused, more, expected, count] of [
        ["/never", false, {}, ["reset", 0], 1],
        ["/never", true, {}, ["reset", 0], 2],
        ["/never", true, { method: "HEAD" }, ["reset", 0], 2],
        ["/never", false, POST, ["reset", 0], 1],
        ["/never", true, POST, ["reset", 0], 1],
        ["/never", true, { method: "PATCH" }, ["reset", 0], 1],
        ["/twice", false, {}, ["reset", 0], 1],
        ["/twice", true, {}, [200, 2], 2],
        ["/twice", true, { ...POST, method: "PUT" }, [200, 2], 2],
        ["/twice", true, POST, ["reset", 0], 1],
      ] as [string, boolean, Partial<Target>, Outcome, number][]
    ) {
      const message = JSON.stringify([path, isReused, more.method]);
      seen.length = 0;
      const engine = create();
      if (isReused) await makeRequest(engine, target(server.url("/first")));
      const result = await makeRequest(engine, target(server.url(path), more));
      assertEquals(outcomeOf(result), expected, message);
      assertEquals(seen.filter((other) => other === path).length, count, message);
      engine.close();
      await server.closed();
    }
  });

  Deno.test(`http1 engine fails with 'reset' when ${how} follows the accepted connection`, async () => {
    await using server = await WildServer.start((peer) => peer[how]());
    const engine = create();
    for (const more of [{}, POST]) {
      const before = server.connections;
      assertEquals(outcomeOf(await makeRequest(engine, target(server.url(), more))), ["reset", 0]);
      assertEquals(server.connections, before + 1);
    }
    engine.close();
    await server.closed();
  });

  Deno.test(`http1 engine resends on reused connections only when ${how} follows part of a request`, async () => {
    let begun = 0;
    await using server = await WildServer.start(async (peer) => {
      const isFirst = await peer.until(() => peer.received.length > 10) &&
        peer.received.startsWith("GET /first");
      if (isFirst) {
        await peer.request();
        await peer.send(ok());
        if (!await peer.until(() => peer.received.length > 10)) return;
      }
      if (peer.isClosed) return;
      begun++;
      // Most of the request is still on its way.
      peer[how]();
    });
    // More than the buffers of both ends: it cannot have left as a whole.
    const field = [["X-Long", "x".repeat(8 << 20)]] as const;
    const long = { method: "POST", body: new Uint8Array(8 << 20) };
    for (
      const [isReused, more, count] of [
        [false, { headers: field }, 1],
        [true, { headers: field }, 2],
        [false, long, 1],
        [true, long, 1],
      ] as [boolean, Partial<Target>, number][]
    ) {
      begun = 0;
      const engine = create();
      if (isReused) await makeRequest(engine, target(server.url("/first")));
      const result = await makeRequest(engine, target(server.url("/part"), more));
      const message = JSON.stringify([isReused, more.method]);
      assertEquals(outcomeOf(result), ["reset", 0], message);
      assertEquals(begun, count, message);
      engine.close();
      await server.closed();
    }
  });

  Deno.test(`http1 engine uses another connection when ${how} came while one idled`, async () => {
    let seen = 0;
    await using server = await WildServer.start(async (peer) => {
      while (await peer.request() !== undefined) {
        seen++;
        await peer.send(ok());
      }
    });
    const engine = create();
    // A server's end is answered by the engine's own before it counts as closed; of a reset only
    // the server knows when, and what is sent in the meantime is lost.
    for (const more of how === "end" ? [{}, POST, {}, POST] : [{}, {}, {}, {}]) {
      const result = await makeRequest(engine, target(server.url(), more));
      assertEquals([...outcomeOf(result), result.isReused], [200, 2, false]);
      for (const peer of server.peers) peer[how]();
      await server.closed();
    }
    assertEquals([seen, server.connections], [4, 4]);
    engine.close();
  });
}

Deno.test("http1 engine never uses an idle connection that it closed to make room", async () => {
  const script = async (peer: Peer): Promise<void> => {
    while (await peer.request() !== undefined) await peer.send(ok());
  };
  await using one = await WildServer.start(script);
  await using other = await WildServer.start(script);
  // Between the closing, some microtasks behind the other hit, and the socket's `close`.
  for (let microtasks = 0; microtasks < 30; microtasks++) {
    const engine = create({ concurrency: 1 });
    assertEquals(outcomeOf(await makeRequest(engine, target(one.url()))), [200, 2]);
    const makesRoom = makeRequest(engine, target(other.url()));
    for (let k = 0; k < microtasks; k++) await Promise.resolve();
    const result = await makeRequest(engine, target(one.url(), POST));
    assertEquals(outcomeOf(result), [200, 2], `${microtasks} microtasks: ${result.detail}`);
    assertEquals(outcomeOf(await makesRoom), [200, 2]);
    engine.close();
    await one.closed();
    await other.closed();
  }
});

/** Floods: what comes first, what again and again, and what is made of it. */
const FLOODS: [what: string, first: string, repeated: string, expected: Outcome | string][] = [
  ["interim responses", "", "HTTP/1.1 100 Continue\r\n\r\n", "protocol"],
  ["interim responses with fields", "", `HTTP/1.1 103 X\r\nX: ${"y".repeat(9_999)}\r\n\r\n`, [
    "protocol",
    0,
  ]],
  ["empty lines", "", "\r\n", "protocol"],
  ["zeros", "", "\0".repeat(999), "protocol"],
  ["a status line", "HTTP/1.1 200 ", "a".repeat(999), "protocol"],
  ["small fields", "HTTP/1.1 200 OK\r\n", "X: y\r\n", "protocol"],
  ["one field's name", "HTTP/1.1 200 OK\r\n", "x".repeat(999), "protocol"],
  ["one field's value", "HTTP/1.1 200 OK\r\nX: ", "y".repeat(999), "protocol"],
  ["digits of a chunk's size", CHUNKED, "0", ["body", 0]],
  ["white space behind a chunk's size", `${CHUNKED}5`, " ", ["body", 0]],
  ["one chunk's extension", `${CHUNKED}5;`, "a".repeat(999), ["body", 0]],
  ["extensions of many chunks", CHUNKED, `1;${"a".repeat(99)}\r\nx\r\n`, "body"],
  ["small trailers", `${CHUNKED}0\r\n`, "X: y\r\n", ["body", 0]],
  ["one trailer", `${CHUNKED}0\r\nX: `, "y".repeat(999), ["body", 0]],
  ["CR alone in trailers", `${CHUNKED}0\r\nX: `, "\r", ["body", 0]],
  ["a body by length", "HTTP/1.1 200 OK\r\nContent-Length: 9007199254740991\r\n\r\n", "x", "body"],
  ["small chunks", CHUNKED, "1\r\nx\r\n", "body"],
  ["one chunk", `${CHUNKED}1fffffffffffff\r\n`, "x".repeat(999), "body"],
  ["a body up to the end", "HTTP/1.1 200 OK\r\n\r\n", "x".repeat(999), "body"],
  ["garbage behind an answer by length", ok("ab"), "x", [200, 2]],
  ["garbage behind an answer by chunks", `${CHUNKED}2\r\nab\r\n0\r\n\r\n`, "0\r\n\r\n", [200, 2]],
  ["answers behind an answer", ok("ab"), "HTTP/1.1 599 X\r\nContent-Length: 0\r\n\r\n", [200, 2]],
  ["answers behind none", "HTTP/1.1 204 X\r\n\r\n", "HTTP/1.1 599 X\r\n\r\n", [204, 0]],
];

for (const [when, waits] of [["for an answer", true], ["on accept", false]] as const) {
  for (const [what, first, repeated, expected] of FLOODS) {
    Deno.test(`http1 engine ends a flood of ${what} ${when} without a timeout`, async () => {
      const many = repeated.repeat(Math.ceil(16_384 / repeated.length));
      await using server = await WildServer.start(async (peer) => {
        if (waits) await peer.request();
        else peer.drain();
        await peer.send(first);
        await peer.flood(many);
      });
      const engine = create();
      const before = heldBytes();
      const hits = Array.from({ length: 10 }, () => makeRequest(engine, target(server.url())));
      for (const result of await Promise.all(hits)) {
        const [outcome, size] = outcomeOf(result);
        if (typeof expected === "string") assertEquals(outcome, expected, result.detail);
        else assertEquals([outcome, size], expected, result.detail);
      }
      // No connection that got too much is kept, not even until it idles.
      await server.closed();
      assert(heldBytes() - before < MEMORY_SLACK_BYTES);
      engine.close();
    });
  }
}

for (
  const [framing, head, piece] of [
    ["length", "HTTP/1.1 200 OK\r\nContent-Length: 314572800\r\n\r\n", "x".repeat(1 << 20)],
    ["chunks", CHUNKED, `100000\r\n${"x".repeat(1 << 20)}\r\n`],
    ["the end", "HTTP/1.1 200 OK\r\n\r\n", "x".repeat(1 << 20)],
  ]
) {
  Deno.test(`http1 engine keeps nothing of 300 MB with ${framing}`, async () => {
    await using server = await WildServer.start(async (peer) => {
      await peer.request();
      await peer.send(head);
      for (let k = 0; k < 300; k++) await peer.send(piece);
      await peer.send(framing === "chunks" ? "0\r\n\r\n" : "");
      peer.end();
    });
    const engine = create({ maxBodyBytes: 1 << 30 });
    const before = heldBytes();
    let most = before;
    using _sampling = every(20, () => most = Math.max(most, heldBytes()));
    assertEquals(outcomeOf(await makeRequest(engine, target(server.url()))), [200, 300 << 20]);
    assert(most - before < MEMORY_SLACK_BYTES, `${(most - before) >> 20} MB`);
    engine.close();
    await server.closed();
  });
}

Deno.test("http1 engine reads a response that arrives with the end on accept", async () => {
  await using server = await WildServer.start(async (peer) => {
    await peer.send(ok("early"));
    peer.end();
  });
  const engine = create();
  for (let k = 0; k < 50; k++) {
    const result = await makeRequest(engine, target(server.url(), k % 2 === 0 ? {} : POST));
    // The answer that came first is read, though what was written may have been reset; but the end
    // behind it may find the next request on the connection.
    const isOver = result.isReused && result.error === "reset";
    if (!isOver) assertEquals(outcomeOf(result), [200, 5], result.detail);
  }
  engine.close();
  await server.closed();
});

Deno.test("http1 engine keeps bytes after a response out of the next, at any size of reads", async () => {
  // Around what the engine reads at once: the answer can end just where a read does, and what is
  // behind it is the next read, when somebody else has the connection already.
  const poison = ok("poison").replace("200 OK", "599 X");
  await using server = await WildServer.start(async (peer) => {
    for (let request; (request = await peer.request()) !== undefined;) {
      const [, kind, number] = /^GET \/(\w+)\/(\d+) /.exec(request)!;
      if (kind === "own") {
        await peer.send(ok("own"));
        continue;
      }
      const head = `HTTP/1.1 201 X\r\nContent-Length: ${Number(number) - 50}\r\n`;
      const padding = `X: ${"y".repeat(50 - head.length - 7)}\r\n\r\n`;
      await peer.send(head + padding + "x".repeat(Number(number) - 50) + poison);
    }
  });
  for (const size of [1, 2, 4, 8, 16, 32, 64, 128].map((kilobytes) => kilobytes * 1024)) {
    const engine = create({ concurrency: 100 });
    for (let round = 0; round < 5; round++) {
      const hits = Array.from({ length: 200 }, (_, k) => {
        const kind = k % 2 === 0 ? "full" : "own";
        return makeRequest(engine, target(server.url(`/${kind}/${size}`)));
      });
      for (const [k, result] of (await Promise.all(hits)).entries()) {
        const expected = k % 2 === 0 ? [201, size - 50] : [200, 3];
        const outcome = outcomeOf(result);
        if (outcome[0] !== "reset") assertEquals(outcome, expected, `${size}, request ${k}`);
      }
    }
    engine.close();
    await server.closed();
  }
});

Deno.test("http1 engine's timeout ends a request when a server does not read 50 MB", async () => {
  await using server = await WildServer.start(() => {});
  const engine = create({ timeoutMs: 1_000 });
  const body = new Uint8Array(50 << 20);
  const before = heldBytes();
  let most = before;
  using _sampling = every(20, () => most = Math.max(most, heldBytes()));
  const hits = Array.from(
    { length: 5 },
    () => makeRequest(engine, target(server.url(), { method: "POST", body })),
  );
  const results = await Promise.all(hits);
  assertEquals(results.map(outcomeOf), Array(5).fill(["timeout", 0]));
  // Of a body that all share, there is not a copy for each.
  assert(most - before < MEMORY_SLACK_BYTES, `${(most - before) >> 20} MB`);
  for (const peer of server.peers) peer.drain();
  await server.closed();
  engine.close();
});

Deno.test("http1 engine succeeds when a server reads and writes in the smallest pieces", async () => {
  const answer = `HTTP/1.1 103 X\r\n\r\n${CHUNKED}5;a=b\r\nabcde\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n`;
  await using server = await WildServer.start(async (peer) => {
    for (let length = 0; length < 2 << 20; length += peer.received.length) {
      peer.received = "";
      if (!await peer.until(() => peer.received !== "")) return;
      peer.pause();
      await tick();
      peer.drain();
    }
    for (const byte of answer) {
      await peer.send(byte);
      await tick();
    }
  });
  const engine = create();
  const hits = Array.from(
    { length: 5 },
    () =>
      makeRequest(engine, target(server.url(), { method: "POST", body: new Uint8Array(2 << 20) })),
  );
  for (const result of await Promise.all(hits)) assertEquals(outcomeOf(result), [200, 8]);
  engine.close();
  await server.closed();
});

for (
  const [what, sent] of [
    ["nothing", ""],
    ["a part of a head", "HTTP/1.1 200 OK\r\nX"],
    ["a part of a body", `${LENGTH}abc`],
    ["a part of a chunk", `${CHUNKED}5\r\nab`],
  ]
) {
  Deno.test(`http1 engine closes 1,000 connections that stall behind ${what}`, async () => {
    await using server = await WildServer.start(async (peer) => {
      await peer.request();
      await peer.send(sent);
      // Reads on, so that it hears of the end.
      await peer.request();
    });
    const engine = create({ concurrency: 1_000, timeoutMs: 1_500 });
    const hits = Array.from({ length: 1_000 }, () => makeRequest(engine, target(server.url())));
    const results = await Promise.all(hits);
    assert(results.every(({ status, error }) => status === null && error === "timeout"));
    await server.closed();
    engine.close();
  });
}

Deno.test({
  name: "http1 engine never has more than 64 unfinished connects of 10,000",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    // It listens, and accepts none: when its queue is full, SYNs are not answered.
    await using server = await startDeaf();
    const { port } = server;
    const engine = create({ concurrency: 10_000, timeoutMs: 2_500 });
    const hits = Array.from(
      { length: 10_000 },
      () => makeRequest(engine, target(`http://127.0.0.1:${port}/`)),
    );
    const all = Promise.all(hits);
    let most = 0;
    // Then those that are given up are closing, while others begin.
    let isGivenUp = false;
    void Promise.race(hits).then(() => isGivenUp = true);
    while (!isGivenUp) {
      const count = await countConnecting(port);
      if (!isGivenUp) most = Math.max(most, count);
      await tick();
    }
    assert((await all).every(({ status, error }) => status === null && error === "timeout"));
    assert(most > 0 && most <= 64, `${most} at once`);
    engine.close();
  },
});

/** What comes in a URL behind the authority, and would end the request line if it were sent. */
const PATHS = [
  "/a b",
  "/a\tb",
  "/a\rb",
  "/a\nb",
  "/a HTTP/1.1\r\nHost: evil\r\n\r\nGET /evil HTTP/1.1\r\nHost: evil\r\n\r\n",
  "/a\r\nContent-Length: 5\r\n\r\nhello",
  "/%0d%0aX:%20y",
  "/%20HTTP/1.1%0D%0A%0D%0AGET%20/evil",
  "/\u010d\u010aHost:\u0120evil",
  "/é?ü=世界#x y",
  "/\ud800\udc00\ud800",
  "/#\r\nX: y",
  "/?a b\r\nX: y",
  "/u:p@evil/",
  "/@evil",
  "//evil/",
  "/\\evil",
  "/http://evil/",
  "?x\r\ny",
  "#\r\n\r\n",
  "/\0\x01\x7f\x80\xff",
  "/a\u2028b\u2029c\u00a0d\ufeff",
];

/** Throws unless bytes are one request in origin form, with what it must have just once. */
function assertOneRequest(bytes: string, method: string, host: string, body: string): void {
  const [head, ...rest] = bytes.split("\r\n\r\n");
  const [line, ...fields] = head.split("\r\n");
  const message = JSON.stringify(bytes);
  assert(/^[A-Z]+ \/[!-~]* HTTP\/1\.1$/.test(line), message);
  assertEquals(line.split(" ")[0], method, message);
  assert(fields.every((field) => /^[!#$%&'*+.^_`|~\w-]+: [\t -~\x80-\xff]*$/.test(field)), message);
  const values = (name: string): string[] =>
    fields.filter((field) => field.toLowerCase().startsWith(`${name}:`)).map((field) =>
      field.slice(name.length + 2)
    );
  assertEquals(values("host"), [host], message);
  assertEquals(values("content-length"), method === "GET" ? [] : [String(body.length)], message);
  assertEquals(values("transfer-encoding"), [], message);
  assertEquals(values("x"), [], message);
  assertEquals(rest.join("\r\n\r\n"), body, message);
}

const SMUGGLED = "x\r\n\r\nGET /evil HTTP/1.1\r\nHost: evil\r\n\r\n";

Deno.test("http1 engine sends one request for any URL", async () => {
  const seen: string[] = [];
  await using server = await WildServer.start(async (peer) => {
    for (let request; (request = await peer.request()) !== undefined;) {
      seen.push(request);
      await peer.send(ok());
    }
  });
  const host = `127.0.0.1:${server.port}`;
  const body = new TextEncoder().encode(SMUGGLED);
  for (const authority of [host, `user:pass%0d%0a@${host}`, `u%20:p@${host}`]) {
    const engine = create();
    for (const path of PATHS) {
      for (const more of [{}, { method: "POST", body }]) {
        const before = seen.length;
        const result = await makeRequest(engine, target(`http://${authority}${path}`, more));
        assertEquals(outcomeOf(result), [200, 2], JSON.stringify(path));
        assertEquals(seen.length, before + 1, JSON.stringify(path));
        const { method = "GET" } = more as Partial<Target>;
        assertOneRequest(seen[before], method, host, bodyOf(more));
      }
    }
    engine.close();
    await server.closed();
  }
});

function bodyOf({ body }: Partial<Target>): string {
  return body === undefined ? "" : SMUGGLED;
}

Deno.test("http1 engine sends one request for any Location", async () => {
  const seen: string[] = [];
  let location = "";
  await using server = await WildServer.start(async (peer) => {
    for (let request; (request = await peer.request()) !== undefined;) {
      if (request.startsWith("GET /from ") || request.startsWith("POST /from ")) {
        await peer.send(`HTTP/1.1 308 X\r\nContent-Length: 0\r\nLocation: ${location}\r\n\r\n`);
      } else {
        seen.push(request);
        await peer.send(ok());
      }
    }
  });
  const host = `127.0.0.1:${server.port}`;
  const body = new TextEncoder().encode(SMUGGLED);
  const engine = create();
  for (
    const path of [
      "/a b",
      "/a\tb",
      "/\x01\x7f",
      "/\xe9\x85\x8a\x8d",
      "/%0d%0aX:%20y",
      "/#a b",
      "?a b",
      "a b",
      `http://${host}/a b`,
      `http://u:p@${host}/`,
      `http://u%0d%0a:p@${host}/`,
      `//${host}/@evil`,
      `HTTP://${host}`,
      `http:/${host}/\\evil`,
      "\\a",
    ]
  ) {
    for (const more of [{}, { method: "POST", body }]) {
      location = path;
      seen.length = 0;
      const result = await makeRequest(engine, target(server.url("/from"), more));
      assertEquals(outcomeOf(result), [200, 2], JSON.stringify([path, result.detail]));
      assertEquals(seen.length, 1, JSON.stringify(path));
      const { method = "GET" } = more as Partial<Target>;
      assertOneRequest(seen[0], method, host, bodyOf(more));
    }
  }
  engine.close();
  await server.closed();
});

Deno.test("http1 engine sends one Host, the first one given", async () => {
  const seen: string[] = [];
  await using server = await WildServer.start(async (peer) => {
    for (let request; (request = await peer.request()) !== undefined;) {
      seen.push(request);
      await peer.send(ok());
    }
  });
  const engine = create();
  const headers = [["HOST", "one"], ["host", "two"], ["Host", "three"]] as const;
  assertEquals(outcomeOf(await makeRequest(engine, target(server.url(), { headers }))), [200, 2]);
  assertOneRequest(seen[0], "GET", "one", "");
  engine.close();
});
