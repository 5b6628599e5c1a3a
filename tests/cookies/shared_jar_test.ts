import { assertEquals } from "@std/assert";
import type { KeptCookie } from "../../lib/cookies/netscape.ts";
import { SharedJar } from "../../lib/cookies/shared_jar.ts";

const URL_ = "http://a.example/";

/** Jars of several threads, and what each tells. */
function openJars(): { a: SharedJar; b: SharedJar; told: KeptCookie[][] } {
  const told: KeptCookie[][] = [];
  const b = new SharedJar([], () => {});
  const a = new SharedJar([], (cookies) => {
    told.push(cookies);
    b.add(cookies);
  });
  return { a, b, told };
}

Deno.test("SharedJar tells another jar what it has stored, and what was removed", () => {
  const { a, b } = openJars();
  a.store(URL_, ["k=1", "sid=2; Max-Age=99"]);
  a.flush();
  assertEquals(b.fieldFor(URL_), "k=1; sid=2");
  a.store(URL_, ["k=; Max-Age=0"]);
  a.flush();
  assertEquals([a.fieldFor(URL_), b.fieldFor(URL_)], ["sid=2", "sid=2"]);
});

Deno.test("SharedJar keeps the order of cookies if another thread sets one again", async () => {
  const { a, b } = openJars();
  a.store(URL_, ["k=1"]);
  a.flush();
  // Cookies are as old as milliseconds tell.
  await new Promise((resolve) => setTimeout(resolve, 2));
  a.store(URL_, ["l=2"]);
  a.store(URL_, ["k=3"]);
  a.flush();
  assertEquals([a.fieldFor(URL_), b.fieldFor(URL_)], ["k=3; l=2", "k=3; l=2"]);
});

Deno.test("SharedJar tells a cookie once that is stored many times, and then nothing", () => {
  const { a, b, told } = openJars();
  for (let k = 0; k < 1_000; k++) a.store(URL_, [`k=${k}`]);
  a.flush();
  a.flush();
  assertEquals([told.length, told[0].length, b.fieldFor(URL_)], [1, 1, "k=999"]);
});

Deno.test("SharedJar tells what it holds at most, however many are stored", () => {
  const { a, told } = openJars();
  for (let k = 0; k < 7_000; k++) a.store(`http://h${k}.example/`, ["k=1"]);
  a.flush();
  assertEquals(told.map(({ length }) => length), [3_000, 3_000, 1_000]);
});

Deno.test("SharedJar keeps what it has stored itself, and was not told, over another's", () => {
  const { a } = openJars();
  a.store(URL_, ["k=own"]);
  const other = new SharedJar([], (cookies) => a.add(cookies));
  other.store(URL_, ["k=theirs", "l=theirs"]);
  other.flush();
  assertEquals(a.fieldFor(URL_), "k=own; l=theirs");
  a.flush();
});

Deno.test("SharedJar begins with cookies, which it does not tell", () => {
  const { a } = openJars();
  a.store(URL_, ["k=1; Max-Age=99; Secure", "l=2"]);
  const first: KeptCookie[] = [];
  const source = new SharedJar([], (cookies) => void first.push(...cookies));
  source.store("https://a.example/", ["k=1; Max-Age=99; Secure", "l=2"]);
  source.flush();
  const told: KeptCookie[][] = [];
  const jar = new SharedJar(first, (cookies) => told.push(cookies));
  jar.flush();
  assertEquals([jar.fieldFor("https://a.example/"), jar.fieldFor(URL_)], ["k=1; l=2", "l=2"]);
  assertEquals(told, []);
  a.flush();
});
