import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { Client } from "../../lib/client/client.ts";
import { ENGINE_NAMES } from "../../lib/engine/engines.ts";
import { ok, RawServer, refusedPort } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

/** Answers each request with its path. */
function echo(): Promise<RawServer> {
  return RawServer.start(({ request, send }) => send(ok(request.split(" ")[1])));
}

/** Answers nothing, except to paths that begin with `/quick`. */
function silent(): Promise<RawServer> {
  return RawServer.start(({ request, send }) => {
    if (request.startsWith("GET /quick")) send(ok());
  });
}

for (const engine of ENGINE_NAMES.filter((name) => name !== "http2")) {
  Deno.test(`Client.hit() has the response of ${engine}`, async () => {
    await using server = await RawServer.start(({ send }) =>
      send(ok("h\xc3\xa9", "X-A: 1\r\nx-a: 2\r\nX-B: caf\xc3\xa9\r\n"))
    );
    await using client = await Client.open({ engine });
    const hit = await client.hit(server.url("/one"));
    assertEquals(
      [hit.status, hit.ok, hit.error, hit.detail, hit.attempts, hit.i, hit.url, hit.target],
      [200, true, undefined, undefined, 1, 0, server.url("/one"), server.url("/one")],
    );
    assertEquals([hit.text(), hit.transferredBytes, hit.bodyBytes], ["hé", 3, 3]);
    assertEquals([hit.header("x-a"), hit.header("X-B"), hit.header("x-c")], ["1, 2", "café", null]);
    const names = hit.headers().map(([name]) => name.toLowerCase());
    // Native fetch joins fields of the same name.
    const doubled = engine === "fetch" ? ["x-a", "x-b"] : ["x-a", "x-a", "x-b"];
    assertEquals(names.filter((name) => name.startsWith("x-")), doubled);
    assert(hit.ms > 0 && hit.ttfbMs! <= hit.ms && Math.abs(hit.at - Date.now()) < 60_000);
  });

  Deno.test(`Client.hit() with ${engine} ends one request by its signal`, async () => {
    await using server = await silent();
    await using client = await Client.open({ engine, concurrency: 2 });
    const controller = new AbortController();
    const ended = client.hit(server.url("/ended"), { signal: controller.signal });
    const other = client.hit(server.url("/other"));
    const closed = assertRejects(() => other, DOMException, "the client is closed");
    await until(() => server.requests.length === 2);
    // It waits for a place, which the one that ends leaves.
    const quick = client.hit(server.url("/quick"));
    controller.abort(new Error("enough"));
    await assertRejects(() => ended, Error, "enough");
    assertEquals((await quick).status, 200);
    await client.close();
    await closed;
    await assertRejects(() => client.hit(server.url()), DOMException, "the client is closed");
  });
}

Deno.test("Client.hit() rejects at once if its signal is aborted, and leaves no listener", async () => {
  await using server = await echo();
  await using client = await Client.open();
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, given);
  };
  signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, given);
  };
  await client.hit(server.url(), { signal });
  assertEquals(listeners, 0);
  await assertRejects(
    () => client.hit(server.url(), { signal: AbortSignal.abort(new Error("before")) }),
    Error,
    "before",
  );
  assertEquals(server.requests.length, 1);
});

Deno.test("Client.hit() makes requests in flight and waiting end when the client closes", async () => {
  await using server = await silent();
  const client = await Client.open({ concurrency: 1 });
  const hits = [1, 2, 3].map((n) => client.hit(server.url(`/${n}`)));
  const failures = Promise.allSettled(hits);
  await until(() => server.requests.length === 1);
  await Promise.all([client.close(), client.close()]);
  assertEquals((await failures).map(({ status }) => status), ["rejected", "rejected", "rejected"]);
  await until(() => server.open === 0);
  assertEquals(server.requests.length, 1);
});

Deno.test("Client goes on when what it was given for notices throws, which is told as uncaught", async () => {
  await using server = await echo();
  const uncaught: unknown[] = [];
  const onError = (event: ErrorEvent): void => {
    event.preventDefault();
    uncaught.push(event.error);
  };
  addEventListener("error", onError);
  const mine = new Error("mine");
  await using client = await Client.open({ concurrency: 100 }, () => {
    throw mine;
  });
  assertEquals((await client.hit(server.url())).status, 200);
  const refused = `http://127.0.0.1:${await refusedPort()}/`;
  // Most of them wait for their host, of which a notice tells.
  const waiting = Array.from({ length: 400 }, () => client.hit(refused).catch(() => {}));
  await until(() => uncaught.length > 0);
  assertEquals(uncaught[0], mine);
  assertEquals((await client.hit(server.url())).status, 200);
  await client.close();
  await Promise.all(waiting);
  removeEventListener("error", onError);
});

Deno.test("Client.hit() refuses what it would send as something else, or as nothing", async () => {
  await using server = await echo();
  await using client = await Client.open();
  const send = async (given: object): Promise<string | undefined> =>
    (await client.hit({ url: server.url("/"), ...given })).detail;
  for (
    const body of [new FormData(), new Map(), Promise.resolve(1), new ArrayBuffer(1), () => {}]
  ) {
    assertEquals(
      await send({ body }),
      "'body' must be a string, a Uint8Array, or a value that JSON can express",
    );
  }
  for (const headers of [new Headers({ a: "b" }), new Map([["a", "b"]])]) {
    assertMatch((await send({ headers }))!, /^'headers' must be a plain object/);
  }
  assertMatch(
    (await client.hit(new Request(server.url("/")) as unknown as URL)).detail!,
    /^'headers' must be/,
  );
  assertEquals(server.requests, []);
  assertEquals(await send({ body: new Date(0) }), undefined);
  assertMatch(server.requests[0], /"1970-01-01T00:00:00.000Z"$/);
  for (const given of [undefined, null, 5, {}] as unknown as string[]) {
    await assertRejects(() => client.hit(given), TypeError, "use a URL, or an object with a 'url'");
  }
});

Deno.test("Client.hit() has failures as values", async () => {
  const port = await refusedPort();
  await using client = await Client.open({ retries: 1, retryDelay: "1ms" });
  const refused = await client.hit(`http://127.0.0.1:${port}/`);
  assertEquals([refused.error, refused.status, refused.attempts], ["refused", null, 2]);
  assertEquals([refused.text(), refused.headers(), refused.header("a")], ["", [], null]);
  const bad = await client.hit("nowhere");
  assertEquals([bad.error, bad.attempts], ["url", 0]);
  const method = await client.hit({ url: "http://127.0.0.1/", method: "TRACE" });
  assertEquals([method.error, method.detail?.includes("method")], ["url", true]);
});

Deno.test("Client.hit() has the body of the last attempt", async () => {
  await using server = await RawServer.start(({ send, request, nth }) =>
    nth === 1 && !request.startsWith("GET /late")
      ? send("HTTP/1.1 503 Wait\r\nContent-Length: 4\r\n\r\nbusy")
      : send(ok("done"))
  );
  await using client = await Client.open({ retries: 2, retryDelay: "1ms" });
  const hit = await client.hit(server.url());
  assertEquals([hit.status, hit.attempts, hit.text()], [200, 2, "done"]);
});

Deno.test("Client.hit() sends what the target has in place of the client's", async () => {
  await using server = await RawServer.start(({ request, send }) => send(ok(request)));
  await using client = await Client.open({ headers: { "X-A": "client", Accept: "a/b" } });
  const sent = async (...[target]: Parameters<typeof client.hit>): Promise<string> =>
    (await client.hit(target)).text();
  const url = server.url("/");
  assertEquals(
    /^GET \/ HTTP\/1.1\r\n/.test(await sent(new URL(url))) &&
      (await sent(url)).includes("\r\nX-A: client\r\nAccept: a/b\r\n"),
    true,
  );
  const json = await sent({ url, body: { a: [1] }, headers: { "x-a": 1, "X-C": ["1", "2"] } });
  assertEquals(
    json.replaceAll(/\r\n(?:Host|User-Agent|Accept-Encoding): [^\r]*/g, ""),
    "POST / HTTP/1.1\r\nAccept: a/b\r\nx-a: 1\r\nX-C: 1\r\nX-C: 2\r\n" +
      'Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a":[1]}',
  );
  const bytes = await sent({ url, method: "PUT", body: new Uint8Array([0, 1, 2]) });
  assertEquals([bytes.startsWith("PUT "), bytes.endsWith("\r\n\r\n\0\x01\x02")], [true, true]);
  assertEquals(bytes.includes("Content-Type"), false);
  const credentials = await sent(url.replace("//", "//ada:secret@"));
  assertEquals(credentials.includes(`Authorization: Basic ${btoa("ada:secret")}\r\n`), true);
});

Deno.test("Client.hit() holds responses against what the client or the target expects", async () => {
  await using server = await echo();
  await using client = await Client.open({ expect: { status: "2xx", body: "^/a" } });
  assertEquals((await client.hit(server.url("/a"))).error, undefined);
  const missed = await client.hit(server.url("/b"));
  assertEquals([missed.error, missed.status, missed.text()], ["expect", 200, "/b"]);
  const own = await client.hit({ url: server.url("/b"), expect: { body: "^/b$" } });
  assertEquals(own.error, undefined);
});

Deno.test("Client.hit() passes a body on to a sink, and what the sink throws to its caller", async () => {
  await using server = await echo();
  await using client = await Client.open();
  const seen: string[] = [];
  const sink = {
    write: (bytes: Uint8Array) => void seen.push(new TextDecoder().decode(bytes)),
    end: () => void seen.push("end"),
    discard: () => void seen.push("discard"),
  };
  const hit = await client.hit(server.url("/sink"), { body: sink });
  assertEquals([seen, hit.text(), hit.bodyBytes], [["/sink", "end"], "", 5]);
  const full = {
    ...sink,
    write: () => {
      throw new Error("no space");
    },
  };
  await assertRejects(() => client.hit(server.url(), { body: full }), Error, "no space");
  const late = { ...sink, write: () => Promise.reject(new Error("late")) };
  await assertRejects(
    () => client.hit(server.url(), { body: late }),
    TypeError,
    "its methods must not be async",
  );
  const dropped = await client.hit(server.url("/drop"), { body: "drop" });
  assertEquals([dropped.text(), dropped.bodyBytes], ["", 5]);
});

Deno.test("Client.all() gives each hit once, with what it was given", async () => {
  await using server = await echo();
  await using client = await Client.open({ concurrency: 7 });
  const targets = Array.from({ length: 200 }, (_, i) => ({ url: server.url(`/${i}`), name: i }));
  const seen: number[] = [];
  for await (const hit of client.all(targets)) {
    assertEquals(hit.text(), `/${hit.target.name}`);
    seen.push(hit.target.name);
  }
  assertEquals(seen.sort((a, b) => a - b), targets.map(({ name }) => name));
  assertEquals(server.connections <= 7, true);
  assertThrows(() => client.all(server.url()), TypeError, "use 'hit(url)'");
});

Deno.test("Client.all() has at most its concurrency between the source and a slow consumer", async () => {
  await using server = await echo();
  await using client = await Client.open({ concurrency: 3 });
  let pulled = 0;
  let taken = 0;
  const urls = function* () {
    for (; pulled < 50; pulled++) {
      assert(pulled - taken <= 3, `${pulled} pulled, ${taken} taken`);
      yield server.url(`/${pulled}`);
    }
  };
  for await (const hit of client.all(urls())) {
    assertEquals(hit.status, 200);
    // What is in flight comes to its end meanwhile.
    await until(() => server.requests.length >= Math.min(50, taken + 3));
    taken++;
  }
  assertEquals(taken, 50);
});

Deno.test("Client.all() ends what is in flight when its consumer breaks off, and closes the source", async () => {
  await using server = await silent();
  await using client = await Client.open({ concurrency: 5 });
  let isClosed = false;
  const urls = function* () {
    try {
      yield server.url("/quick");
      for (;;) yield server.url("/slow");
    } finally {
      isClosed = true;
    }
  };
  for await (const hit of client.all(urls())) {
    assertEquals(hit.status, 200);
    await until(() => server.requests.length >= 5);
    break;
  }
  assertEquals(isClosed, true);
  // The client goes on.
  assertEquals((await client.hit(server.url("/quick"))).status, 200);
});

Deno.test("Client.all() ends with the reason of its signal, and what the source throws", async () => {
  await using server = await silent();
  await using client = await Client.open({ concurrency: 2 });
  const controller = new AbortController();
  const all = client.all([server.url("/a"), server.url("/b")], { signal: controller.signal });
  const next = all.next();
  await until(() => server.requests.length === 2);
  controller.abort(new Error("stopped"));
  await assertRejects(() => next, Error, "stopped");
  assertEquals(await all.next(), { value: undefined, done: true });
  const broken = function* () {
    yield server.url("/quick");
    throw new Error("no more lines");
  };
  await assertRejects(() => Array.fromAsync(client.all(broken())), Error, "no more lines");
});

Deno.test("a client that has given up rejects what waits, and goes on with later requests", async () => {
  const port = await refusedPort();
  await using server = await echo();
  // Enough failures pause the host, with more requests behind them.
  await using client = await Client.open({ concurrency: 50, giveUpAfter: "50ms" });
  const urls = Array.from({ length: 400 }, () => `http://127.0.0.1:${port}/`);
  let refused = 0;
  await assertRejects(
    async () => {
      for await (const { error } of client.all(urls)) if (error === "refused") refused++;
    },
    Error,
    "every request has failed",
  );
  assert(refused >= 50 && refused < 400, `${refused} refused`);
  assertEquals((await client.hit(server.url("/again"))).text(), "/again");
});

Deno.test("a client keeps its rate, cookies and the places of a host", async () => {
  await using server = await RawServer.start(({ request, send }) =>
    send(ok(request.includes("Cookie: a=1") ? "known" : "new", "Set-Cookie: a=1\r\n"))
  );
  await using client = await Client.open({
    rate: "200/s",
    cookieJar: true,
    hostConcurrency: 1,
    transport: "portable",
  });
  const begin = performance.now();
  const texts: string[] = [];
  for await (const hit of client.all(Array.from({ length: 5 }, () => server.url()))) {
    texts.push(hit.text());
  }
  assertEquals(texts, ["new", "known", "known", "known", "known"]);
  assert(performance.now() - begin >= 19, "four waits of 5 ms");
  assertEquals(server.connections, 1);
});

Deno.test("Client works with using", async () => {
  await using server = await silent();
  let closed;
  {
    using client = await Client.open();
    const hit = client.hit(server.url());
    closed = assertRejects(() => hit, DOMException, "the client is closed");
  }
  await closed;
});
