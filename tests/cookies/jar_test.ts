import { assert, assertEquals } from "@std/assert";
import { Jar } from "../../lib/cookies/jar.ts";
import { formatNetscape } from "../../lib/cookies/netscape.ts";

/** A jar that one URL has set cookies in. */
function jarOf(url: string, ...fields: string[]): Jar {
  const jar = new Jar();
  jar.store(url, fields);
  return jar;
}

for (
  const [url, field, sent] of [
    // Host-only, and below a domain (RFC 6265 §5.1.3).
    ["http://a.example.com/", "a=1", {
      "http://a.example.com/": "a=1",
      "http://a.example.com:8080/x?y": "a=1",
      "https://A.EXAMPLE.com/": "a=1",
      "http://b.a.example.com/": undefined,
      "http://example.com/": undefined,
    }],
    ["http://a.example.com/", "a=1; Domain=.Example.COM", {
      "http://example.com/": "a=1",
      "http://x.y.example.com/": "a=1",
      "http://notexample.com/": undefined,
      "http://example.com.evil.org/": undefined,
    }],
    ["http://a.example.com/", "a=1; Domain=b.example.com", {
      "http://a.example.com/": undefined,
      "http://b.example.com/": undefined,
    }],
    ["http://a.example.com/", "a=1; Domain=evil.org", { "http://evil.org/": undefined }],
    // Public suffixes.
    ["http://a.co.uk/", "a=1; Domain=co.uk", {
      "http://a.co.uk/": undefined,
      "http://b.co.uk/": undefined,
    }],
    ["http://a.github.io/", "a=1; Domain=github.io", { "http://b.github.io/": undefined }],
    ["http://a.com/", "a=1; Domain=com", { "http://b.com/": undefined }],
    // Names without dots, and addresses.
    ["http://localhost:1/", "a=1", { "http://localhost:2/": "a=1" }],
    ["http://127.0.0.1:1/", "a=1", {
      "http://127.0.0.1:2/": "a=1",
      "http://1.127.0.0.1.nip.io/": undefined,
      "http://127.0.0.2/": undefined,
    }],
    ["http://127.0.0.1/", "a=1; Domain=0.0.1", { "http://127.0.0.1/": undefined }],
    ["http://[::1]:1/", "a=1", { "http://[::1]:2/": "a=1", "http://[::2]/": undefined }],
    ["http://server/", "a=1", { "http://server/": "a=1", "http://other/": undefined }],
    // Paths (§5.1.4).
    ["http://x.org/a/b", "a=1", {
      "http://x.org/a": "a=1",
      "http://x.org/a/": "a=1",
      "http://x.org/a/c/d": "a=1",
      "http://x.org/ab": undefined,
      "http://x.org/": undefined,
    }],
    ["http://x.org/", "a=1; Path=/p", {
      "http://x.org/p": "a=1",
      "http://x.org/p/q": "a=1",
      "http://x.org/pq": undefined,
      "http://x.org/%70": undefined,
    }],
    // Secure, by what sets it too.
    ["https://x.org/", "a=1; Secure", { "https://x.org/": "a=1", "http://x.org/": undefined }],
    ["http://x.org/", "a=1; Secure", { "https://x.org/": undefined }],
    ["https://x.org/", "__Host-a=1; Secure; Path=/", { "https://x.org/": "__Host-a=1" }],
    ["https://x.org/", "__Host-a=1; Secure; Path=/; Domain=x.org", { "https://x.org/": undefined }],
    // Expiry.
    ["http://x.org/", "a=1; Max-Age=100", { "http://x.org/": "a=1" }],
    ["http://x.org/", "a=1; Max-Age=99999999999999999999", { "http://x.org/": "a=1" }],
    ["http://x.org/", "a=1; Max-Age=0", { "http://x.org/": undefined }],
    ["http://x.org/", "a=1; Max-Age=-1", { "http://x.org/": undefined }],
    ["http://x.org/", "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", {
      "http://x.org/": undefined,
    }],
    ["http://x.org/", "a=1; Expires=Fri, 31 Dec 2100 23:59:59 GMT", { "http://x.org/": "a=1" }],
    ["http://x.org/", "a=1; Expires=nonsense", { "http://x.org/": "a=1" }],
    ["http://x.org/", "a=1; Expires=Fri, 31 Dec 2100 23:59:59 GMT; Max-Age=0", {
      "http://x.org/": undefined,
    }],
    // What is none.
    ["http://x.org/", "", { "http://x.org/": undefined }],
    ["http://x.org/", "novalue", { "http://x.org/": undefined }],
    ["http://x.org/", "=1", { "http://x.org/": undefined }],
    ["http://x.org/", `a=${"x".repeat(4_095)}`, { "http://x.org/": undefined }],
    ["http://x.org/", `a=${"x".repeat(4_094)}`, { "http://x.org/": `a=${"x".repeat(4_094)}` }],
    // Bytes, quotes and spaces are the server's own.
    ["http://x.org/", 'a="b c, \xff="; HttpOnly', { "http://x.org/": 'a="b c, \xff="' }],
    ["nonsense", "a=1", { "nonsense": undefined }],
    // The host is what is behind the user information, however it is written.
    ["http://x.org/", "a=1", {
      "http://x.org%5C@evil.org/": undefined,
      "http://x.org@evil.org/": undefined,
      "http://u:p@x.org/": "a=1",
    }],
  ] as [string, string, Record<string, string | undefined>][]
) {
  const shown = field.length > 60 ? `${field.slice(0, 60)}…` : field;
  Deno.test(`Jar.fieldFor() obeys the rules when ${url} sets ${JSON.stringify(shown)}`, () => {
    const jar = jarOf(url, field);
    for (const [other, value] of Object.entries(sent)) {
      assertEquals(jar.fieldFor(other), value, other);
    }
  });
}

Deno.test("Jar.fieldFor() joins cookies, the longest path first, then the oldest", () => {
  const jar = jarOf("http://a.x.org/p/q", "c=3; Path=/", "b=2; Path=/p", "a=1; Domain=x.org");
  jar.store("http://a.x.org/p/q", ["d=4; Path=/"]);
  assertEquals(jar.fieldFor("http://a.x.org/p/q"), "b=2; a=1; c=3; d=4");
});

Deno.test("Jar.store() replaces a cookie, and removes it when it has expired", () => {
  const url = "http://x.org/";
  const jar = jarOf(url, "a=1", "b=2");
  jar.store(url, ["a=new"]);
  assertEquals(jar.fieldFor(url), "a=new; b=2");
  jar.store(url, ["a=; Max-Age=0"]);
  assertEquals(jar.fieldFor(url), "b=2");
  jar.store(url, ["b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]);
  assertEquals([jar.fieldFor(url), jar.all()], [undefined, []]);
});

Deno.test("Jar.fieldFor() does not extend a cookie's life", () => {
  const jar = jarOf("http://x.org/", "a=1; Max-Age=100");
  const [{ expiresMs }] = jar.all();
  assert(Math.abs(expiresMs - Date.now() - 100_000) < 30_000);
  for (const end = Date.now() + 5; Date.now() < end;) jar.fieldFor("http://x.org/");
  assertEquals(jar.all()[0].expiresMs, expiresMs);
  // Nor by being set to another value without a time of its own.
  jar.store("http://x.org/", ["a=2"]);
  assertEquals(jar.all()[0].expiresMs, Infinity);
});

Deno.test("Jar.store() drops a cookie with control characters", () => {
  const url = "http://x.org/";
  for (const bad of ["\t", "\n", "\r\nX: y", "\0", "\x1b[2J", "\x7f", "\x08"]) {
    const fields = [`a${bad}b=1`, `a=1${bad}2`, `c=1; Path=/x${bad}y`, `d=1; Domain=x${bad}.org`];
    const jar = jarOf(url, ...fields, "good=1");
    for (const { name, value, path, domain } of jar.all()) {
      // deno-lint-ignore no-control-regex
      assert(!/[\x00-\x1f\x7f]/.test(name + value + path + domain), JSON.stringify(bad));
    }
    const lines = formatNetscape(jar.all()).split("\n").filter((line) => /^[^#]/.test(line));
    for (const line of lines) assertEquals(line.split("\t").length, 7);
    assert(jar.fieldFor(url)!.includes("good=1"));
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x1f\x7f]/.test(jar.fieldFor(url)!));
  }
});

Deno.test("Jar.store() keeps escaped line feeds of a path escaped", () => {
  const jar = jarOf("http://x.org/a%0A%09evil.org%09/b", "a=1");
  assertEquals(jar.all()[0].path, "/a%0A%09evil.org%09");
  assertEquals(jar.fieldFor("http://x.org/a%0A%09evil.org%09/c"), "a=1");
});

Deno.test("Jar.store() keeps the 50 last used cookies of a domain", () => {
  const jar = new Jar();
  for (let k = 0; k < 50; k++) jar.store("http://x.org/", [`c${k}=1; Path=/${k}`]);
  // Used: it is to stay.
  assertEquals(jar.fieldFor("http://x.org/0"), "c0=1");
  for (let k = 50; k < 60; k++) jar.store("http://x.org/", [`c${k}=1; Path=/${k}`]);
  const names = jar.all().map(({ name }) => name);
  assertEquals(names.length, 50);
  assert(names.includes("c0") && names.includes("c59"));
  assert(!names.includes("c1") && !names.includes("c10") && names.includes("c11"));
});

Deno.test("Jar.store() keeps 3,000 cookies of all hosts together", () => {
  const jar = new Jar();
  for (let k = 0; k < 3_000; k++) jar.store(`http://h${k}.example.com/`, ["a=1"]);
  assertEquals(jar.fieldFor("http://h0.example.com/"), "a=1");
  for (let k = 3_000; k < 4_000; k++) jar.store(`http://h${k}.example.com/`, ["a=1"]);
  assertEquals(jar.all().length, 3_000);
  assertEquals(jar.fieldFor("http://h0.example.com/"), "a=1");
  assertEquals(jar.fieldFor("http://h1.example.com/"), undefined);
  assertEquals(jar.fieldFor("http://h3999.example.com/"), "a=1");
});

Deno.test("Jar.fieldFor() bounds the length of the field", () => {
  const jar = new Jar();
  for (let k = 0; k < 10; k++) jar.store("http://x.org/", [`c${k}=${"x".repeat(2_000)}`]);
  jar.store("http://x.org/", ["small=1"]);
  const field = jar.fieldFor("http://x.org/")!;
  assert(field.length <= 8_190);
  assertEquals(field.match(/=/g)!.length, 5);
  assert(field.endsWith("; small=1"));
});
