import { assert, assertEquals, assertMatch } from "@std/assert";
import type { BodySink, Cookies, Engine, ResponseHead } from "../../lib/engine/engine.ts";
import type { EngineOptions } from "../../lib/engine/options.ts";
import type { Result } from "../../lib/result.ts";
import type { Target } from "../../lib/target.ts";
import { ENGINE_SUITE } from "../fixtures/engine_suite.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { type Answer, ok } from "../fixtures/raw_server.ts";
import { roundTrips } from "../fixtures/round_trips.ts";
import { target } from "../fixtures/target.ts";
import { until } from "../fixtures/until.ts";
import { tick } from "../fixtures/wild_server.ts";

// What engines hand out of answers: cookies, heads, and bodies as they come.

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/** Sinks that note what they are told, by the number of the request. */
class Sinks {
  readonly events: string[] = [];
  /** What was written, each character a byte. */
  readonly texts = new Map<number, string>();
  readonly heads: ResponseHead[] = [];

  readonly bodyFor = ({ i }: Target, head: ResponseHead): BodySink => {
    this.heads.push(head);
    this.events.push(`begin ${i} ${head.status}`);
    this.texts.set(i, "");
    return {
      write: (bytes) => {
        assert(bytes.length > 0);
        let text = this.texts.get(i)!;
        for (const byte of bytes) text += String.fromCharCode(byte);
        this.texts.set(i, text);
      },
      end: () => this.events.push(`end ${i}`),
      discard: () => this.events.push(`discard ${i}`),
    };
  };
}

/** A jar without rules, which notes what it is told. */
class Noted implements Cookies {
  readonly stored: [string, readonly string[]][] = [];
  value: string | undefined;

  fieldFor(): string | undefined {
    return this.value;
  }

  store(url: string, fields: readonly string[]): void {
    this.stored.push([url, fields]);
    this.value = fields.map((field) => field.split(";")[0]).join("; ");
  }
}

const cookieOf = (request: string): string[] =>
  [...request.matchAll(/^cookie: (.*)\r$/gim)].map(([, value]) => value);

for (const { title, create, serve } of ENGINE_SUITE) {
  /** Hits a server that answers so, and gives what came of it. */
  const hit = async (
    answer: Answer,
    options: Partial<EngineOptions>,
    more: Partial<Target> = {},
  ): Promise<{ result: Result; requests: string[]; url: string }> => {
    await using server = await serve(answer);
    const engine = create(options);
    const result = await makeRequest(engine, target(server.url(), more));
    engine.close();
    return { result, requests: server.requests, url: server.url() };
  };

  Deno.test(`${title} sends and stores the cookies of each hop`, async () => {
    const cookies = new Noted();
    cookies.value = "first=1";
    const hops: Record<string, string> = {
      "/": "HTTP/1.1 302 Found\r\nLocation: /b\r\nSet-Cookie: a=1; Path=/\r\n" +
        "Content-Length: 3\r\nset-cookie:\tb=2\t\r\n\r\nabc",
      "/b": "HTTP/1.1 307 X\r\nLocation: /c\r\nContent-Length: 0\r\n\r\n",
      "/c": "HTTP/1.1 500 X\r\nSet-Cookie: c=\xe9\r\nContent-Length: 0\r\n\r\n",
    };
    const { result, requests, url } = await hit(
      ({ send, request }) => send(hops[request.split(" ")[1]]),
      { cookies },
    );
    assertEquals([result.status, result.error], [500, undefined]);
    assertEquals(requests.map(cookieOf), [["first=1"], ["a=1; b=2"], ["a=1; b=2"]]);
    assertEquals(cookies.stored, [[url, ["a=1; Path=/", "b=2"]], [`${url}c`, ["c=\xe9"]]]);
  });

  for (
    const [what, method, answer] of [
      ["404", "GET", "HTTP/1.1 404 X\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"],
      ["HEAD", "HEAD", "HTTP/1.1 200 X\r\nSet-Cookie: a=1\r\nContent-Length: 9\r\n\r\n"],
      ["204", "GET", "HTTP/1.1 204 X\r\nSet-Cookie: a=1\r\n\r\n"],
      [
        "chunks",
        "GET",
        "HTTP/1.1 200 X\r\nSET-COOKIE:a=1\r\nTransfer-Encoding: chunked\r\n" +
        "\r\n0\r\n\r\n",
      ],
      [
        "a 103 before it",
        "GET",
        "HTTP/1.1 103 X\r\nSet-Cookie: no=1\r\n\r\n" +
        "HTTP/1.1 200 X\r\nX-Set-Cookie: no=1\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n",
      ],
    ] as [string, string, string][]
  ) {
    Deno.test(`${title} stores the cookies of a response with ${what}`, async () => {
      const cookies = new Noted();
      const { url } = await hit(({ send }) => send(answer), { cookies }, { method });
      assertEquals(cookies.stored, [[url, ["a=1"]]]);
    });
  }

  Deno.test(`${title} joins a request's cookies and those of the jar`, async () => {
    const cookies = new Noted();
    cookies.value = "jar=1; more=2";
    const headers = [["X-A", "b"], ["COOKIE", "own=1"], ["Cookie", "own2=2"]] as const;
    const answer: Answer = ({ send }) => send(ok());
    const { requests } = await hit(answer, { cookies }, { headers });
    assertEquals(cookieOf(requests[0]), ["own=1; own2=2; jar=1; more=2"]);
    assertMatch(requests[0], /^x-a: b\r$/im);
    cookies.value = undefined;
    const own = [["Cookie", "own=1"]] as const;
    assertEquals(cookieOf((await hit(answer, { cookies }, { headers: own })).requests[0]), [
      "own=1",
    ]);
    assertEquals(cookieOf((await hit(answer, { cookies })).requests[0]), []);
  });

  Deno.test(`${title} sends a request's own cookies to its origin only`, async () => {
    const cookies = new Noted();
    await using other = await serve(({ send }) => send(ok()));
    const { requests } = await hit(
      ({ send }) =>
        send(
          `HTTP/1.1 302 X\r\nLocation: ${other.url()}\r\nSet-Cookie: jar=1\r\n` +
            "Content-Length: 0\r\n\r\n",
        ),
      { cookies },
      { headers: [["Cookie", "own=1"]] },
    );
    assertEquals(cookieOf(requests[0]), ["own=1"]);
    assertEquals(cookieOf(other.requests[0]), ["jar=1"]);
  });

  for (
    const [how, pieces, expected] of [
      ["a length", [ok("Hello, World!")], "Hello, World!"],
      ["pieces", ["HTTP/1.1 200 OK\r\nContent-Le", "ngth: 6\r\n\r\nab", "cd", "ef"], "abcdef"],
      ["chunks", [`${CHUNKED}3\r\nab`, "c\r\n2;x=y\r\nde\r", "\n0\r\n\r\n"], "abcde"],
      ["chunks in one", [`${CHUNKED}1\r\na\r\n1\r\nb\r\n3\r\ncde\r\n0\r\n\r\n`], "abcde"],
      ["no bytes", [ok("")], ""],
      ["all bytes", [ok(String.fromCharCode(...Array(256).keys()))], undefined],
      ["many bytes", [ok("0123456789".repeat(90_000))], "0123456789".repeat(90_000)],
    ] as [string, string[], string | undefined][]
  ) {
    Deno.test(`${title} hands out a body with ${how}`, async () => {
      const sinks = new Sinks();
      const { result } = await hit(
        async ({ send }) => {
          for (const [k, piece] of pieces.entries()) {
            // So that each is a read of its own, mostly; it has to be right in any case.
            if (k > 0) await tick();
            send(piece);
          }
        },
        sinks,
        { i: 7 },
      );
      assertEquals([result.status, sinks.events], [200, ["begin 7 200", "end 7"]]);
      const text = expected ?? String.fromCharCode(...Array(256).keys());
      assertEquals(sinks.texts.get(7), text);
      assertEquals(result.size, text.length);
    });
  }

  Deno.test(`${title} hands out a body up to the end of the connection`, async () => {
    const sinks = new Sinks();
    await hit(({ send, end }) => (send("HTTP/1.1 200 OK\r\n\r\nabc"), end()), sinks);
    assertEquals([sinks.events, sinks.texts.get(0)], [["begin 0 200", "end 0"], "abc"]);
  });

  for (
    const [what, method, answer] of [
      ["HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"],
      ["204", "GET", "HTTP/1.1 204 X\r\n\r\n"],
      ["304", "GET", "HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n"],
    ]
  ) {
    Deno.test(`${title} ends a body at once after ${what}`, async () => {
      const sinks = new Sinks();
      const { result } = await hit(({ send }) => send(answer), sinks, { method });
      assertEquals(sinks.events, [`begin 0 ${result.status}`, "end 0"]);
      assertEquals(sinks.texts.get(0), "");
    });
  }

  for (
    const [what, answer, options] of [
      ["is cut", ({ send, end }) => {
        send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        end();
      }],
      ["is cut in its chunks", ({ send, end }) => {
        send(`${CHUNKED}5\r\nabc`);
        end();
      }],
      ["is reset", ({ send, reset }) => {
        send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        setTimeout(reset, 20);
      }],
      ["has chunks that are none", ({ send }) => send(`${CHUNKED}3\r\nabc\r\nzz\r\n`)],
      [
        "stands still",
        ({ send }) => send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
        { timeoutMs: 2_000 },
      ],
      ["is too long", ({ send, flood }) => {
        send("HTTP/1.1 200 OK\r\n\r\n");
        flood("x".repeat(1_000));
      }, { maxBodyBytes: 5_000 }],
    ] as [string, Answer, Partial<EngineOptions>?][]
  ) {
    Deno.test(`${title} discards a body that ${what}`, async () => {
      const sinks = new Sinks();
      const { result } = await hit(answer, { ...sinks, ...options });
      assertEquals([result.status, sinks.events], [null, ["begin 0 200", "discard 0"]]);
    });
  }

  Deno.test(`${title} hands out nothing without a response, or when the length is too long`, async () => {
    const sinks = new Sinks();
    await hit(({ reset }) => reset(), sinks);
    await hit(({ send }) => send("no HTTP\r\n\r\n"), sinks);
    await hit(({ send }) => send(ok("x".repeat(100))), { ...sinks, maxBodyBytes: 99 });
    assertEquals(sinks.events, []);
  });

  Deno.test(`${title} cancel() discards the bodies in flight`, async () => {
    const sinks = new Sinks();
    await using server = await serve(({ send }) =>
      send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    );
    const engine = create(sinks);
    const results = [0, 1, 2].map((i) => makeRequest(engine, target(server.url(), { i })));
    await until(() => sinks.events.length === 3);
    engine.cancel();
    for (const { error } of await Promise.all(results)) assertEquals(error, "cancelled");
    assertEquals(sinks.events.slice(3).sort(), ["discard 0", "discard 1", "discard 2"]);
    engine.close();
  });

  Deno.test(`${title} hands out only the body of the final response`, async () => {
    const redirecting: Answer = ({ send, request }) =>
      send(
        request.startsWith("GET / ")
          ? "HTTP/1.1 302 X\r\nLocation: /b\r\nContent-Length: 3\r\n\r\nold"
          : ok("new"),
      );
    const sinks = new Sinks();
    await hit(redirecting, sinks);
    assertEquals([sinks.events, sinks.texts.get(0)], [["begin 0 200", "end 0"], "new"]);
    const kept = new Sinks();
    await hit(redirecting, { ...kept, redirects: 0 });
    assertEquals([kept.events, kept.texts.get(0)], [["begin 0 302", "end 0"], "old"]);
    const endless = new Sinks();
    const { result } = await hit(
      ({ send }) => send("HTTP/1.1 302 X\r\nLocation: /b\r\nContent-Length: 3\r\n\r\nold"),
      { ...endless, redirects: 2 },
    );
    assertEquals([result.error, endless.events], ["redirect", []]);
  });

  Deno.test(`${title} hands out one body when a request is resent`, async () => {
    const sinks = new Sinks();
    const cookies = new Noted();
    await using server = await serve(({ send, nth, reset }) => {
      if (nth > 1) reset();
      else send(ok("abc", "Set-Cookie: a=1\r\n"));
    });
    const engine = create({ ...sinks, cookies });
    for (let i = 0; i < 3; i++) {
      const { status } = await makeRequest(engine, target(server.url(), { i }));
      assertEquals([status, sinks.texts.get(i)], [200, "abc"]);
      // So that the next one uses the connection again.
      await roundTrips();
    }
    engine.close();
    const events = [0, 1, 2].flatMap((i) => [`begin ${i} 200`, `end ${i}`]);
    assertEquals(sinks.events, events);
    // Sent again with its cookies.
    assertEquals(server.requests.map(cookieOf), [[], ["a=1"], ["a=1"], ["a=1"], ["a=1"]]);
  });

  Deno.test(`${title} keeps the bodies of simultaneous requests apart`, async () => {
    const sinks = new Sinks();
    await using server = await serve(async ({ send, request }) => {
      const i = Number(/\/(\d+) /.exec(request)![1]);
      const text = String.fromCharCode(0x41 + i % 26);
      if (i % 2 === 0) send(ok(text.repeat(1 + i * 997)));
      else {
        send(CHUNKED);
        for (let k = 0; k < i; k++) {
          send(`3e5\r\n${text.repeat(997)}\r\n`);
          if (k % 7 === 0) await tick();
        }
        send("0\r\n\r\n");
      }
    });
    const engine = create(sinks);
    const all = Array.from({ length: 60 }, (_, i) => i);
    await Promise.all(all.map((i) => makeRequest(engine, target(server.url(`/${i}`), { i }))));
    engine.close();
    for (const i of all) {
      const text = String.fromCharCode(0x41 + i % 26).repeat(i * 997 + (i % 2 === 0 ? 1 : 0));
      assert(sinks.texts.get(i) === text, `body ${i}`);
    }
    assertEquals(sinks.events.filter((event) => event.startsWith("end")).length, 60);
    assertEquals(sinks.events.length, 120);
  });

  Deno.test(`${title} gives the fields of a head when asked`, async () => {
    const sinks = new Sinks();
    await hit(
      ({ send }) => send(ok("a", "X-Many: 1\r\nx-many:  2 \r\nX-Bytes: \xe9\xff\r\nX-None:\r\n")),
      sinks,
    );
    const [head] = sinks.heads;
    assertEquals(
      ["x-many", "x-bytes", "x-none", "x-missing", "content-length", "x-man"].map((name) =>
        head.field(name)
      ),
      ["1, 2", "\xe9\xff", "", null, "1", null],
    );
  });

  for (const at of ["bodyFor", "write", "end", "discard"]) {
    Deno.test(`${title} gives up a request when its sink fails at ${at}`, async () => {
      const failures: unknown[] = [];
      const cut = at === "discard" ? 1 : 0;
      const fail = (place: string): void => {
        if (place === at) throw new Error(place);
      };
      const bodyFor = ({ i }: Target): BodySink | undefined => {
        if (i > 0) return undefined;
        fail("bodyFor");
        return {
          write: () => fail("write"),
          end: () => fail("end"),
          discard: () => fail("discard"),
        };
      };
      await using server = await serve(({ send, end }) => {
        send(`HTTP/1.1 200 OK\r\nContent-Length: ${3 + cut}\r\n\r\nabc`);
        if (cut > 0) end();
      });
      const engine = create({ bodyFor, onSinkFailure: (error) => failures.push(error) });
      const result = await makeRequest(engine, target(server.url()));
      assertEquals([result.status, result.error], [null, cut > 0 ? "body" : "cancelled"]);
      assertEquals(failures.map((error) => (error as Error).message), [at]);
      // The engine itself goes on.
      if (cut === 0) {
        assertEquals((await makeRequest(engine, target(server.url(), { i: 1 }))).status, 200);
      }
      engine.close();
    });
  }

  Deno.test(`${title} survives when a sink cancels it in mid-body`, async () => {
    await using server = await serve(({ send }) => send(ok("x".repeat(200_000))));
    const engine: Engine = create({
      bodyFor: () => ({
        write: () => {
          throw new Error("full");
        },
        end: () => {},
        discard: () => {},
      }),
      onSinkFailure: () => engine.cancel(),
    });
    const results = [0, 1, 2, 3].map((i) => makeRequest(engine, target(server.url(), { i })));
    for (const { status, error } of await Promise.all(results)) {
      assertEquals([status, error], [null, "cancelled"]);
    }
    engine.close();
    await until(() => server.open === 0);
  });
}

for (const { title, create, serve } of ENGINE_SUITE) {
  Deno.test(`${title} gives both sinks the body of the final response`, async () => {
    const [sinks, others] = [new Sinks(), new Sinks()];
    const seen: unknown[] = [];
    await using server = await serve(({ send, request }) =>
      request.startsWith("GET /a")
        ? send("HTTP/1.1 302 X\r\nLocation: /b\r\nX: 1\r\nContent-Length: 2\r\n\r\nno")
        : send(ok("yes", "X: 2\r\nx: 3\r\nEmpty:\r\n_A: _\r\nLAST:l\r\n"))
    );
    const engine = create({
      bodyFor: sinks.bodyFor,
      onHead: (target, head) => {
        const { status, coding } = head;
        const names = ["x", "empty", "missing", "emp", "_a", "last"];
        seen.push([target.i, status, coding, names.map((name) => head.field(name))]);
        return others.bodyFor(target, head);
      },
    });
    for (const i of [0, 1]) await makeRequest(engine, target(server.url("/a"), { i }));
    engine.close();
    const fields = ["2, 3", "", null, null, "_", "l"];
    assertEquals(seen, [[0, 200, null, fields], [1, 200, null, fields]]);
    for (const { texts, events } of [sinks, others]) {
      assertEquals([...texts.values()], ["yes", "yes"]);
      assertEquals(events, ["begin 0 200", "end 0", "begin 1 200", "end 1"]);
    }
  });

  Deno.test(`${title} gives each response its own field when responses look alike`, async () => {
    const values = ["same", "same", "sane", "samee", "", "x".repeat(1_000), "same"];
    await using server = await serve(({ send, request }) =>
      send(ok("", `Value: \t${values[Number(/\d+/.exec(request)![0])]} \r\n`))
    );
    const seen: unknown[] = [];
    const engine = create({ onHead: (_, head) => void seen.push(head.field("value")) });
    for (const i of values.keys()) await makeRequest(engine, target(server.url(`/${i}`)));
    engine.close();
    assertEquals(seen, values);
  });

  Deno.test(`${title} does not count a sink's time at the end`, async () => {
    await using server = await serve(({ send }) => send(ok("yes")));
    let endMs = 0;
    const end = (): void => {
      endMs = performance.now();
      while (performance.now() < endMs + 50);
    };
    const engine = create({ onHead: () => ({ write: () => {}, end, discard: () => {} }) });
    const startMs = performance.now();
    const { ms } = await makeRequest(engine, target(server.url()));
    engine.close();
    assert(ms <= endMs - startMs, `${ms} of ${endMs - startMs}`);
  });

  Deno.test(`${title} ends the request and reports it when onHead throws`, async () => {
    const failure = new Error("a bug");
    const told: unknown[] = [];
    await using server = await serve(({ send }) => send(ok("yes")));
    const engine = create({
      onHead: () => {
        throw failure;
      },
      onSinkFailure: (error) => told.push(error),
    });
    const { status, error } = await makeRequest(engine, target(server.url()));
    engine.close();
    assertEquals([status, error, told], [null, "cancelled", [failure]]);
  });
}
