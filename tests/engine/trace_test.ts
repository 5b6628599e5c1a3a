import { assert, assertEquals } from "@std/assert";
import type { BodySink } from "../../lib/engine/engine.ts";
import type { RequestTrace, Trace } from "../../lib/engine/trace.ts";
import type { Target } from "../../lib/target.ts";
import { ENGINE_SUITE } from "../fixtures/engine_suite.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { openEngine } from "../fixtures/open_engine.ts";
import { ok } from "../fixtures/raw_server.ts";
import { target } from "../fixtures/target.ts";

// What engines tell of requests as they are on the wire, beside what the server got.

/** Notes what it is told of the requests with an even number. */
class Noted implements Trace {
  readonly requests: (readonly string[])[] = [];
  readonly responses: (readonly string[])[] = [];
  readonly events: string[] = [];

  begin({ i }: Target): RequestTrace | undefined {
    if (i % 2 === 1) return undefined;
    return {
      onRequest: (head, { url }) => {
        this.requests.push(head);
        this.events.push(`request ${new URL(url).pathname}`);
      },
      onResponse: (head) => {
        this.responses.push(head);
        this.events.push("response");
      },
      onEnd: ({ status, error }) => this.events.push(`end ${status} ${error}`),
    };
  }

  bodyFor({ i }: Target): BodySink | undefined {
    if (i % 2 === 1) return undefined;
    return {
      write: (bytes) => this.events.push(`body ${new TextDecoder().decode(bytes)}`),
      end: () => this.events.push("body ends"),
      discard: () => this.events.push("body is discarded"),
    };
  }
}

/** The head of a request, as the server of the suite has it, in lines. */
function toLines(head: readonly string[]): string[] {
  if (!head[0].startsWith(":")) return [...head];
  const pseudo = new Map(
    head.filter((line) => line.startsWith(":")).map((line) => {
      const [, name, value] = /^(:\w+): (.*)$/.exec(line)!;
      return [name, value];
    }),
  );
  return [
    `${pseudo.get(":method")} ${pseudo.get(":path")} HTTP/1.1`,
    `host: ${pseudo.get(":authority")}`,
    ...head.filter((line) => !line.startsWith(":")),
  ];
}

for (const { title, name, transport, serve } of ENGINE_SUITE) {
  Deno.test(`${title} tells its trace what is sent and received, redirects too`, async () => {
    await using server = await serve(({ send, request }) =>
      send(
        request.includes(" /b?") ? ok("whole", "X-B: \xe9\r\n") : "HTTP/1.1 307 X\r\n" +
          "Location: /b?c=1\r\nX-A: 1\r\nContent-Length: 4\r\n\r\nlost",
      )
    );
    const trace = new Noted();
    const engine = await openEngine(name, { trace, transport });
    const of = {
      method: "PUT",
      headers: [["X-One", "1"], ["User-Agent", "\xe4"]],
      body: new TextEncoder().encode("sent"),
      requestId: ["X-Id", "7"],
    } as const;
    await makeRequest(engine, target(server.url("/a"), { i: 1, ...of }));
    assertEquals(trace.events, []);
    server.requests.length = 0;
    await makeRequest(engine, target(server.url("/a"), of));
    engine.close();
    assertEquals(trace.events, [
      "request /a",
      "response",
      "request /b",
      "response",
      "body whole",
      "body ends",
      "end 200 undefined",
    ]);
    const got = server.requests.map((request) => request.split("\r\n\r\n")[0].split("\r\n"));
    if (name === "fetch") {
      for (const [k, [first, ...fields]] of trace.requests.entries()) {
        assertEquals(first, `PUT ${server.url(["/a", "/b?c=1"][k])}`);
        assert(fields.length > 2);
        for (const field of fields) assert(got[k].includes(field), field);
      }
    } else {
      const sort = (lines: string[]): string[] => name === "http2" ? lines.sort() : lines;
      assertEquals(trace.requests.map(toLines).map(sort), got.map(sort));
    }
    const [moved, final] = trace.responses.map((lines) =>
      lines.map((line) => line.replace(/^[^:]+:/, (field) => field.toLowerCase()))
    );
    assert(/\b307\b/.test(moved[0]) && moved.includes("x-a: 1"), `${moved}`);
    assert(/\b200\b/.test(final[0]) && final.includes("x-b: \xe9"), `${final}`);
  });

  Deno.test(`${title} tells its trace of a request that fails`, async () => {
    await using server = await serve(({ send, end }) => {
      send("HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\npart");
      end();
    });
    const trace = new Noted();
    const engine = await openEngine(name, { trace, transport });
    await makeRequest(engine, target(server.url("/")));
    engine.cancel();
    await makeRequest(engine, target(server.url("/")));
    engine.close();
    assertEquals(trace.events.filter((event) => !/^body [^ei]/.test(event)), [
      "request /",
      "response",
      "body is discarded",
      "end null body",
      "end null cancelled",
    ]);
  });

  if (name === "fetch") continue;
  Deno.test(`${title} tells its trace of each time that a request is sent`, async () => {
    await using server = await serve(({ send, reset, nth }) => nth === 2 ? reset() : send(ok()));
    const trace = new Noted();
    const engine = await openEngine(name, { trace, transport });
    await makeRequest(engine, target(server.url("/"), { i: 1 }));
    const { attempts } = await makeRequest(engine, target(server.url("/a")));
    engine.close();
    assertEquals(attempts, 2);
    assertEquals(trace.events.slice(0, 3), ["request /a", "request /a", "response"]);
  });
}
