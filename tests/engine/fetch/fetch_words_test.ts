import { assertEquals } from "@std/assert";
import { FetchEngine } from "../../../lib/engine/fetch/fetch.ts";
import { describeFetchError } from "../../../lib/engine/fetch/fetch_words.ts";
import { Http1Engine } from "../../../lib/engine/http1/http1.ts";
import type { Result } from "../../../lib/result.ts";
import { isNetworkFailure, isUnreachable } from "../../../lib/schedule/failure_scope.ts";
import { ENGINE_OPTIONS } from "../../fixtures/engine_options.ts";
import { makeRequest } from "../../fixtures/make_request.ts";
import { type Answer, RawServer, refusedPort } from "../../fixtures/raw_server.ts";
import { target } from "../../fixtures/target.ts";

// What is said of common faults: the same by both engines, as far as native fetch tells it.

const ENGINES = { http1: Http1Engine, fetch: FetchEngine };
const LOOKUP = "dns error: failed to lookup address information: ";

for (const [name, Engine] of Object.entries(ENGINES)) {
  const hit = async (url: string, method: string): Promise<Partial<Result>> => {
    const engine = new Engine(ENGINE_OPTIONS);
    const { error, detail } = await makeRequest(engine, target(url, { method }));
    engine.close();
    return { error, detail };
  };

  Deno.test(`${name} engine says in plain words that nobody listens`, async () => {
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
    Deno.test(`${name} engine says in plain words that the server ${what}`, async () => {
      await using server = await RawServer.start(answer);
      // A method that is not sent again.
      assertEquals(await hit(server.url(), "POST"), { error: "reset", detail });
    });
  }
}

Deno.test("fetch engine says in plain words what is not HTTP, and where a body ends early", async () => {
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
    "the server sent something that is not an answer by HTTP",
  ]);
});

for (
  const [text, words] of [
    ["tcp connect error: Connection refused (os error 111)", "connection refused"],
    [
      "tcp connect error: Connection reset by peer (os error 104)",
      "connection reset while connecting",
    ],
    ["tcp connect error: No route to host (os error 113)", "host unreachable"],
    ["tcp connect error: Network is unreachable (os error 101)", "network unreachable"],
    ["tcp connect error: Invalid argument (os error 22)", /^the address cannot be connected to/],
    [`${LOOKUP}Name or service not known`, "the name does not resolve"],
    [`${LOOKUP}No address associated with hostname`, "the name has no address"],
    [`${LOOKUP}Temporary failure in name resolution`, "the name server does not answer"],
    ["received unexpected message from connection", /not an answer by HTTP$/],
    ["tcp connect error: something new (os error 200)", /new \(os error 200\)$/],
    ["the server closed the connection in the TLS handshake", /in the TLS handshake$/],
  ] as [string, string | RegExp][]
) {
  Deno.test(`describeFetchError() says what ${JSON.stringify(text)} is`, () => {
    const said = describeFetchError(text);
    assertEquals(
      typeof words === "string" ? said : words.test(said),
      words instanceof RegExp || words,
    );
  });
}

Deno.test("describeFetchError() leaves it told whether a name or the name server fails", () => {
  const of = (text: string): Result =>
    ({ error: "dns", status: null, detail: describeFetchError(LOOKUP + text) }) as Result;
  const [unknown, silent] = [
    of("Name or service not known"),
    of("Temporary failure in name resolution"),
  ];
  assertEquals([isUnreachable(unknown), isNetworkFailure(unknown)], [true, false]);
  assertEquals([isUnreachable(silent), isNetworkFailure(silent)], [false, true]);
});
