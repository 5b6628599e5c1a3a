import { assertEquals } from "@std/assert";
import { FetchEngine } from "../../../lib/engine/fetch/fetch.ts";
import { toFetchFailure } from "../../../lib/engine/fetch/fetch_failure.ts";
import { SocketEngine } from "../../../lib/engine/sockets/socket_engine.ts";
import { PortableTransports } from "../../../lib/engine/transport/portable.ts";
import type { Result } from "../../../lib/result.ts";
import { ENGINE_OPTIONS } from "../../fixtures/engine_options.ts";
import { makeRequest } from "../../fixtures/make_request.ts";
import { type Answer, RawServer, refusedPort } from "../../fixtures/raw_server.ts";
import { target } from "../../fixtures/target.ts";

// What is said of common faults: the same by both engines, as far as native fetch tells it.

const ENGINES = {
  http1: () => new SocketEngine(ENGINE_OPTIONS, "http1", new PortableTransports()),
  fetch: () => new FetchEngine(ENGINE_OPTIONS),
};
const LOOKUP = "dns error: failed to lookup address information: ";

for (const [name, create] of Object.entries(ENGINES)) {
  const hit = async (url: string, method: string): Promise<Partial<Result>> => {
    const engine = create();
    const { error, detail } = await makeRequest(engine, target(url, { method }));
    engine.close();
    return { error, detail };
  };

  Deno.test(`${name} engine explains that nothing listens`, async () => {
    assertEquals(await hit(`http://127.0.0.1:${await refusedPort()}/`, "GET"), {
      error: "refused",
      detail: "connection refused",
    });
  });

  for (
    const [what, detail, answer] of [
      ["closes the connection", "the server closed the connection", ({ end }) => end()],
      ["resets the connection", "the server reset the connection", ({ reset }) => reset()],
    ] as [string, string, Answer][]
  ) {
    Deno.test(`${name} engine explains that the server ${what}`, async () => {
      await using server = await RawServer.start(answer);
      // A method that is not sent again.
      assertEquals(await hit(server.url(), "POST"), { error: "reset", detail });
    });
  }
}

Deno.test("fetch engine explains what is not HTTP, and where a body ends early", async () => {
  await using server = await RawServer.start(({ request, send, end }) => {
    send(
      request.includes("/body") ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc" : "SSH-2.0\r\n",
    );
    end();
  });
  const engine = new FetchEngine(ENGINE_OPTIONS);
  const [body, other] = [
    await makeRequest(engine, target(server.url("/body"))),
    await makeRequest(engine, target(server.url("/"))),
  ];
  engine.close();
  assertEquals([body.error, body.detail], [
    "body",
    "the connection ended before the end of the body, or the body is malformed",
  ]);
  assertEquals([other.error, other.detail], [
    "protocol",
    "the server sent something that is not an HTTP response",
  ]);
});

/** As native fetch throws it. */
function thrown(text: string): Error {
  const cause = new Error(
    `error sending request from 127.0.0.1:1 for http://h/ (127.0.0.1:2): client error (Connect): ${text}`,
  );
  return new TypeError("fetch failed", { cause });
}

for (
  const [text, words, error, scope, isUnreachable] of [
    [
      "tcp connect error: Connection refused (os error 111)",
      "connection refused",
      "refused",
      "host",
      true,
    ],
    ["proxy: connection refused", "proxy: connection refused", "refused", "host", true],
    [
      "tcp connect error: Connection reset by peer (os error 104)",
      "connection reset while connecting",
      "reset",
      "host",
      false,
    ],
    [
      "tcp connect error: No route to host (os error 113)",
      "host unreachable",
      "connect",
      "network",
    ],
    [
      "tcp connect error: Network is unreachable (os error 101)",
      "network unreachable",
      "connect",
      "network",
    ],
    [
      "tcp connect error: Invalid argument (os error 22)",
      /^the address cannot be connected to/,
      "connect",
      "network",
    ],
    [`${LOOKUP}Name or service not known`, "the name does not resolve", "dns", "host", true],
    [
      `${LOOKUP}No address associated with hostname`,
      "the name has no address",
      "dns",
      "host",
      true,
    ],
    [
      `${LOOKUP}Temporary failure in name resolution`,
      "the name server does not answer",
      "dns",
      "network",
    ],
    [`${LOOKUP}something new`, `${LOOKUP}something new`, "dns", "host", true],
    [`${LOOKUP}Too many open files`, "too many open files", "connect", "network"],
    ["received unexpected message from connection", /not an HTTP response$/, "protocol", "host"],
    [
      "tcp connect error: something new (os error 200)",
      /new \(os error 200\)$/,
      "connect",
      "network",
    ],
    ["something new", "something new", "connect", "network"],
    ["received fatal alert: HandshakeFailure", /^the server refused the TLS/, "tls", "host"],
    ["stream error received: refused stream", /refused stream$/, "protocol", "host"],
    [
      "connection error received: not a result of an error",
      /^the server closed the connection \(GOAWAY\)/,
      "reset",
      "host",
    ],
  ] as [string, string | RegExp, string, string, boolean?][]
) {
  Deno.test(`toFetchFailure() explains ${JSON.stringify(text)}`, () => {
    const failure = toFetchFailure(thrown(text));
    const { detail } = failure;
    assertEquals(
      [failure.error, failure.scope, failure.isUnreachable === true],
      [error, scope, isUnreachable === true],
    );
    assertEquals(
      typeof words === "string" ? detail : words.test(detail),
      words instanceof RegExp || words,
    );
  });
}
