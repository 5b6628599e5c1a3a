import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Jar } from "../../lib/cookies/jar.ts";
import { JarFile } from "../../lib/cookies/jar_file.ts";
import { formatNetscape, type KeptCookie, parseNetscape } from "../../lib/cookies/netscape.ts";
import { UsageError } from "../../lib/errors.ts";
import { folder } from "../fixtures/folder.ts";

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

/** As curl 7.88.1 wrote it (`curl -c`). */
const OF_CURL = `# Netscape HTTP Cookie File
# https://curl.se/docs/http-cookies.html
# This file was generated by libcurl! Edit at your own risk.

127.0.0.1\tFALSE\t/a/\tFALSE\t0\tq\t"a b"
127.0.0.1\tFALSE\t/a/\tTRUE\t0\tsec\t1
127.0.0.1\tFALSE\t/\tFALSE\t0\tempty\t
127.0.0.1\tFALSE\t/a\tFALSE\t4102444799\texp\t2
#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\th\t1
#HttpOnly_.example.com\tTRUE\t/\tTRUE\t4102444799\tid\ta=b
`;

Deno.test("formatNetscape() writes the lines of curl that parseNetscape() reads", () => {
  const cookies = parseNetscape(OF_CURL);
  assertEquals(cookies.map(({ name, value }) => `${name}=${value}`), [
    ...['q="a b"', "sec=1", "empty=", "exp=2", "h=1", "id=a=b"],
  ]);
  assertEquals(cookies[5], {
    name: "id",
    value: "a=b",
    domain: "example.com",
    hostOnly: false,
    path: "/",
    secure: true,
    httpOnly: true,
    expiresMs: 4_102_444_799_000,
  });
  const body = (text: string): string => text.slice(text.indexOf("\n\n"));
  assertEquals(body(formatNetscape(cookies)), body(OF_CURL));
  const jar = new Jar(cookies);
  assertEquals(jar.fieldFor("http://127.0.0.1:8080/a/x"), 'q="a b"; sec=1; exp=2; empty=; h=1');
  assertEquals(jar.fieldFor("https://www.example.com/"), "id=a=b");
  assertEquals(jar.fieldFor("http://www.example.com/"), undefined);
  assertEquals(body(formatNetscape(new Jar(parseNetscape(OF_CURL)).all())), body(OF_CURL));
});

Deno.test("parseNetscape() restores the cookies that formatNetscape() writes", () => {
  const jar = jarOf(
    "https://a.x.org/p/q",
    "a=\xe9; HttpOnly; Secure",
    "b=2; Domain=x.org; Max-Age=1000",
    "c=; Path=/",
  );
  jar.store("http://[::1]/", ["six=6"]);
  const again = new Jar(parseNetscape(formatNetscape(jar.all())));
  const whole = (cookies: KeptCookie[]): KeptCookie[] =>
    cookies.map((cookie) => ({ ...cookie, expiresMs: Math.ceil(cookie.expiresMs / 1000) }));
  assertEquals(whole(again.all()), whole(jar.all()));
  for (const url of ["https://a.x.org/p/q", "http://b.x.org/p/", "http://[::1]/"]) {
    assertEquals(again.fieldFor(url), jar.fieldFor(url));
    assert(again.fieldFor(url) !== undefined);
  }
  assert(formatNetscape(jar.all()).startsWith("# Netscape HTTP Cookie File\n"));
});

for (
  const [line, why] of [
    ["x.org\tFALSE\t/\tFALSE\t0\tname", undefined],
    ["x.org FALSE / FALSE 0 name secret", "it has 1 fields between tabs, and not 7"],
    ["x.org\tFALSE\t/\tFALSE\t0\ta\tsecret\tmore", "it has 8 fields between tabs, and not 7"],
    ["x.org\tno\t/\tFALSE\t0\ta\tsecret", "a switch must be TRUE or FALSE"],
    ["x.org\tFALSE\t/\tmaybe\t0\ta\tsecret", "a switch must be TRUE or FALSE"],
    ["x.org\tFALSE\tp\tFALSE\t0\ta\tsecret", "its path does not begin with '/'"],
    ["x.org\tFALSE\t/\tFALSE\tsoon\ta\tsecret", "its expiry must be a number of seconds"],
    ["x.org\tFALSE\t/\tFALSE\t-1\ta\tsecret", "its expiry must be a number of seconds"],
    ["\tFALSE\t/\tFALSE\t0\ta\tsecret", "invalid domain"],
    ["x org\tFALSE\t/\tFALSE\t0\ta\tsecret", "invalid domain"],
    ["x.org/y\tFALSE\t/\tFALSE\t0\ta\tsecret", "invalid domain"],
    ["x.org\tFALSE\t/\tFALSE\t0\t\tsecret", "invalid cookie name"],
    ["x.org\tFALSE\t/\tFALSE\t0\ta\tsecret; b=2", "it has control characters, or a semicolon"],
    ["x.org\tFALSE\t/\tFALSE\t0\ta\tsecret\x1b", "it has control characters, or a semicolon"],
    ["Set-Cookie: a=secret", "it has 1 fields between tabs, and not 7"],
  ] as [string, string | undefined][]
) {
  Deno.test(`parseNetscape() ${why === undefined ? "accepts" : "rejects"} ${JSON.stringify(line)}`, () => {
    const text = `# comment\r\n\r\nx.org\tFALSE\t/\tFALSE\t0\tok\t1\r\n${line}\n`;
    if (why === undefined) assertEquals(parseNetscape(text).length, 2);
    else {
      const { message } = assertThrows(() => parseNetscape(text), Error);
      assertEquals(message, `line 4: ${why}`);
    }
  });
}

Deno.test("JarFile.open() accepts a missing file, and save() writes it for its owner only", async () => {
  await using dir = await folder();
  const path = dir.path("jar");
  const file = await JarFile.open(path);
  assertEquals([...Deno.readDirSync(dir.path(""))], []);
  file.jar.store("http://x.org/", ["a=\xe9"]);
  await file.save();
  const { mode } = await Deno.stat(path);
  if (Deno.build.os !== "windows") assertEquals(mode! & 0o777, 0o600);
  const bytes = await Deno.readFile(path);
  assert(bytes.includes(0xe9), "a byte is a byte");
  // What others could read before is replaced too, and nothing else is left.
  await Deno.chmod(path, 0o644);
  const again = await JarFile.open(path);
  assertEquals(again.jar.fieldFor("http://x.org/"), "a=\xe9");
  await Deno.writeTextFile(`${path}.tmp`, "left behind", { mode: 0o644 });
  await again.save();
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  assertEquals([...Deno.readDirSync(dir.path(""))].map(({ name }) => name), ["jar"]);
});

Deno.test("JarFile.open() rejects an invalid file, and leaves it unchanged", async () => {
  await using dir = await folder();
  const wrong = await dir.write("wrong", "# x\nno jar: hunter2\n");
  for (
    const [path, why] of [
      [wrong, "line 2: it has 1 fields between tabs"],
      [dir.path(""), "it is not a file"],
      ["/dev/null", "it is not a file"],
      [dir.path("none/jar"), "no such folder"],
    ]
  ) {
    const { message } = await assertRejects(() => JarFile.open(path), UsageError);
    assert(message.includes(`--cookie-jar=${path}`) && message.includes(why), message);
    assert(!message.includes("hunter2"));
  }
  assertEquals(await Deno.readTextFile(wrong), "# x\nno jar: hunter2\n");
  assertEquals([...Deno.readDirSync(dir.path(""))].length, 1);
});
