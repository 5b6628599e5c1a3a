import { assert, assertEquals } from "@std/assert";
import { follow, readLocation } from "../../lib/engine/redirect.ts";
import { decodeFieldValue } from "../../lib/http/fields.ts";
import { ENGINE_SUITE } from "../fixtures/engine_suite.ts";
import { makeRequest } from "../fixtures/make_request.ts";
import { myriad } from "../fixtures/program.ts";
import { ok } from "../fixtures/raw_server.ts";
import { target } from "../fixtures/target.ts";

/** Bytes of a Location, each a character; the URL that they lead to, and how the record shows them. */
const LOCATIONS: [bytes: string, url: string, text: string][] = [
  ["/caf\xc3\xa9", "http://h/caf%C3%A9", "/café"],
  ["/?q=\xe4\xb8\x96#\xc3\xa9", "http://h/?q=%E4%B8%96#%C3%A9", "/?q=世#é"],
  ["/%C3%A9\xc3\xa9", "http://h/%C3%A9%C3%A9", "/%C3%A9é"],
  ["http://caf\xc3\xa9.test/\xc3\xa9", "http://xn--caf-dma.test/%C3%A9", "http://café.test/é"],
  // What is not UTF-8 keeps its bytes.
  ["/caf\xe9", "http://h/caf%E9", "/café"],
  ["/?q=\xff", "http://h/?q=%FF", "/?q=ÿ"],
  ["/\xc3\xa9/\xe9", "http://h/%C3%A9/%E9", "/Ã©/é"],
  // A surrogate, an overlong form and a cut sequence are not.
  ["/\xed\xa0\x80", "http://h/%ED%A0%80", "/í\xa0\x80"],
  ["/\xc0\xaf", "http://h/%C0%AF", "/À¯"],
  ["/\xe4\xb8", "http://h/%E4%B8", "/ä¸"],
];

Deno.test("follow() takes any number of slashes before a host, as browsers do", () => {
  const hop = {
    url: "https://base/b",
    method: "GET",
    headers: [],
    body: undefined,
  };
  for (const location of ["//host/a", "/\\host/a", "///host/a", "\\/\\/host/a"]) {
    const next = follow(hop, { status: 302, location, isAmbiguous: false }, 0, 1);
    assertEquals("url" in next! ? next.url : next, "https://host/a");
  }
});

Deno.test("follow() reads a Location as UTF-8 when it is valid, else byte by byte", () => {
  const hop = { url: "http://h/from", method: "GET", headers: [], body: undefined };
  for (const [location, url, text] of LOCATIONS) {
    assertEquals(follow(hop, { status: 302, location, isAmbiguous: false }, 0, 1), {
      ...hop,
      url,
      requestId: undefined,
    });
    assertEquals(decodeFieldValue(location), text);
  }
  const noHost = follow(
    hop,
    { status: 302, location: "http://caf\xe9/", isAmbiguous: false },
    0,
    1,
  );
  assert(noHost !== undefined && "error" in noHost && noHost.error === "redirect");
});

for (
  const [joined, location, isAmbiguous] of [
    [null, null, false],
    ["/a", "/a", false],
    ["/a, /a", "/a", false],
    ["a, a, a", "a", false],
    ["/a, /b", "/a", true],
    ["/a, /a, /b", "/a", true],
    ["http://h/a, HTTPS://h/b", "http://h/a", true],
    ["/a, b, /a, b", "/a, b", false],
    // A server that sends a space as it is.
    ["/search?q=a, b", "/search?q=a, b", false],
    ["", "", false],
  ] as const
) {
  Deno.test(`readLocation() finds ${JSON.stringify(location)} in ${JSON.stringify(joined)}`, () => {
    assertEquals(readLocation(302, joined), { status: 302, location, isAmbiguous });
  });
}

for (const { title, name, transport, create, serve } of ENGINE_SUITE) {
  Deno.test(`${title} requests the URL that the bytes of a Location give`, async () => {
    for (const [location, url, text] of LOCATIONS) {
      if (location.startsWith("http:")) continue;
      await using server = await serve(({ send, request }) =>
        send(
          request.startsWith("GET / ")
            ? `HTTP/1.1 302 X\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`
            : ok(),
        )
      );
      const engine = create({ redirects: 1 });
      assertEquals((await makeRequest(engine, target(server.url()))).status, 200);
      const path = url.replace("http://h", "").replace(/#.*/, "");
      assertEquals(server.requests.at(-1)!.split(" ")[1], path);
      engine.close();
      await using other = await serve(({ send }) =>
        send(`HTTP/1.1 201 X\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`)
      );
      const kept = create({ redirects: 0 });
      assertEquals((await makeRequest(kept, target(other.url()))).location, text);
      kept.close();
    }
  });

  Deno.test(`${title} follows two Locations only when they are the same`, async () => {
    let locations = "Location: /a\r\nLocation: /a\r\n";
    await using server = await serve(({ send, request }) =>
      send(
        request.startsWith("GET / ")
          ? `HTTP/1.1 302 X\r\n${locations}Content-Length: 0\r\n\r\n`
          : ok(),
      )
    );
    const engine = create({ redirects: 5 });
    const result = await makeRequest(engine, target(server.url()));
    assertEquals([result.status, result.detail], [200, undefined]);
    assertEquals(server.requests.map((request) => request.split(" ")[1]), ["/", "/a"]);
    locations = "Location: /a\r\nX: y\r\nLocation: /b\r\n";
    const { status, error, detail } = await makeRequest(engine, target(server.url()));
    assertEquals([status, error, detail], [
      null,
      "redirect",
      "the 302 has two different Locations",
    ]);
    assertEquals(server.requests.length, 3);
    engine.close();
    // Where none is followed, the first is shown.
    const kept = create({ redirects: 0 });
    for (const fields of ["Location: /a\r\nLocation: /a\r\n", locations]) {
      locations = fields;
      const { status, location } = await makeRequest(kept, target(server.url()));
      assertEquals([status, location], [302, "/a"]);
    }
    kept.close();
  });

  Deno.test(`${title} gives all Retry-After fields`, async () => {
    await using server = await serve(({ send }) =>
      send("HTTP/1.1 503 X\r\nRetry-After: 1\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n")
    );
    const engine = create({ redirects: 0 });
    assertEquals((await makeRequest(engine, target(server.url()))).retryAfter, "1, 120");
    engine.close();
  });

  // The program chooses its sockets itself.
  if (transport !== "native") {
    Deno.test(`--capture and --expect-header read fields as UTF-8 when they are valid (${name})`, async () => {
      await using server = await serve(({ send, request }) =>
        send(
          ok(
            "",
            request.startsWith("GET /1 ")
              ? "X: caf\xc3\xa9\r\nX: \xe4\xb8\x96\r\n"
              : "X: caf\xe9\r\n",
          ),
        )
      );
      const { code, stdout } = await myriad([
        ...["-n", "2", "-c", "1", "--engine", name, server.url("/{}"), "-s", "-o", "-"],
        ...["--capture", "x=header:X", "--expect-header", "X: ^café", "--fields", "i,status,x"],
      ]);
      assertEquals(
        stdout,
        '{"i":0,"status":200,"x":"café"}\n{"i":1,"status":200,"x":"café, 世"}\n',
      );
      assertEquals(code, 0);
    });
  }
}
