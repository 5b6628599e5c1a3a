import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { RequestWriter } from "../../../lib/engine/http1/request.ts";
import { Router } from "../../../lib/engine/sockets/router.ts";

Deno.test("Router.route() gives the same as URL, for a text and a URL", () => {
  const router = new Router();
  router.route("http://localhost:8080/");
  for (
    const rest of [
      ...[
        "/",
        "/a",
        "/a/b.c?d=e&f",
        "/a%20b",
        "/?x?y/z",
        "/a/./b",
        "/a/../b",
        "/..",
        "/a/.",
        "//x",
      ],
      ...[
        "/a b",
        "/a\tb",
        "/a\nb",
        "/a\r\nX: y",
        "/é",
        "/世",
        "/#frag",
        "/a#b?c",
        "?q",
        "",
        "/\\x",
      ],
      ...["/a?b c", '/"<>`{}|^', "/a?'", "/%zz", "/\ud800", "/.hidden", "/a...b", "/%2e%2e/x"],
    ]
  ) {
    const { pathname, search } = new URL(`http://localhost:8080${rest}`);
    const route = router.route(`http://localhost:8080${rest}`);
    assertEquals(route.target, pathname + search, JSON.stringify(rest));
    assertEquals(route.origin.key, "http://localhost:8080", JSON.stringify(rest));
    assertEquals(route.origin.port, 8080, JSON.stringify(rest));
    assertMatch(route.target, /^[!-~]+$/);
  }
  // What begins alike is not the same origin.
  assertThrows(() => router.route("http://localhost:80801/x"), TypeError);
  assertEquals(router.route("http://localhost:8080@other/x").origin.hostname, "other");
  assertEquals(router.route("http://localhost/x").origin.port, 80);
  assertEquals(router.route("http://[::1]:81/").origin.hostname, "::1");
  assertEquals(router.route("https://localhost/x").origin, {
    key: "https://localhost",
    isSecure: true,
    hostname: "localhost",
    port: 443,
    detour: undefined,
  });
  assertThrows(() => router.route("ftp://localhost/x"), TypeError);
});

Deno.test("RequestWriter.head() writes one Host, one length, and values as bytes", () => {
  const writer = new RequestWriter();
  const route = new Router().route("http://h:81/p?q");
  const hop = { url: "", method: "GET", headers: [["X", "\xe9"]] as const, body: undefined };
  assertEquals(
    writer.head(hop, route),
    "GET /p?q HTTP/1.1\r\nHost: h:81\r\nX: \xe9\r\nAccept: */*\r\n\r\n",
  );
  assertEquals(
    writer.head({
      ...hop,
      method: "POST",
      headers: [["host", "me"], ["ACCEPT", "a"], ["Host", "you"]],
      body: new Uint8Array([0, 255]),
    }, route),
    "POST /p?q HTTP/1.1\r\nHost: me\r\nACCEPT: a\r\nContent-Length: 2\r\n\r\n",
  );
  assertMatch(writer.head({ ...hop, method: "POST" }, route), /Content-Length: 0\r\n/);
});
