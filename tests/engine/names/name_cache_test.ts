import { assert, assertEquals } from "@std/assert";
import { NameCache } from "../../../lib/engine/names/name_cache.ts";

Deno.test("NameCache remembers texts until their ends, in tenths of a second", () => {
  const cache = new NameCache();
  assertEquals([cache.get("a.test", 0), cache.has("a.test")], [undefined, false]);
  cache.set("a.test", "127.0.0.1", 1_250);
  cache.set("b.test", "", 2_000);
  assertEquals(cache.get("a.test", 1_199), { text: "127.0.0.1", untilMs: 1_200 });
  assertEquals([cache.knows("a.test", 1_200), cache.has("a.test")], [false, true]);
  assertEquals(cache.get("a.test", 1_200), undefined);
  assertEquals(cache.get("b.test", 1_999), { text: "", untilMs: 2_000 });
});

Deno.test("NameCache.extend() prolongs only what it was asked for", () => {
  const cache = new NameCache();
  cache.set("a.test", "127.0.0.1", 1_000);
  cache.extend("a.test", "127.0.0.2", 9_000);
  cache.extend("b.test", "127.0.0.1", 9_000);
  assertEquals([cache.knows("a.test", 1_000), cache.has("b.test")], [false, false]);
  cache.extend("a.test", "127.0.0.1", 13 * 365 * 86_400_000);
  assertEquals(cache.knows("a.test", 12 * 365 * 86_400_000), true);
});

Deno.test("NameCache.limit() only shortens", () => {
  const cache = new NameCache();
  cache.set("a.test", "127.0.0.1", 5_000);
  cache.limit("a.test", 9_000);
  assertEquals(cache.get("a.test", 0)?.untilMs, 5_000);
  cache.limit("a.test", 3_000);
  cache.limit("b.test", 3_000);
  assertEquals(cache.get("a.test", 0)?.untilMs, 3_000);
});

Deno.test("NameCache leaves out what is too long", () => {
  const cache = new NameCache();
  cache.set("n".repeat(256), "127.0.0.1", 1_000);
  cache.set("a.test", "1".repeat(2_001), 1_000);
  cache.set("n".repeat(255), "1".repeat(2_000), 1_000);
  assertEquals(cache.has("n".repeat(256)), false);
  assertEquals(cache.has("a.test"), false);
  assertEquals(cache.get("n".repeat(255), 0)?.text.length, 2_000);
});

Deno.test("NameCache finds nearly all names, and never another name's text", () => {
  const cache = new NameCache({ ringBytes: 2 ** 18, slots: 2 ** 13 });
  const names = Array.from({ length: 3_000 }, (_, i) => `n${i}.cache.test`);
  names.forEach((name, i) => cache.set(name, `127.0.${i}`, 1_000));
  const texts = names.map((name) => cache.get(name, 0)?.text);
  const found = texts.filter((text) => text !== undefined).length;
  assertEquals(found > 0.95 * names.length, true, `${found}`);
  assertEquals(texts.filter((text, i) => text !== undefined && text !== `127.0.${i}`), []);
});

Deno.test("NameCache gives the bytes of the oldest names to new ones", () => {
  const cache = new NameCache({ ringBytes: 2_000, slots: 2 ** 12 });
  const names = Array.from({ length: 12_345 }, (_, i) => `n${i}.cache.test`);
  names.forEach((name, i) => cache.set(name, `${i}${" ".repeat(i % 50)}`, 1_000));
  const known = names.filter((name) => cache.has(name));
  assertEquals(known.length > 20 && known.length < 60, true, `${known.length}`);
  assertEquals(known, names.slice(-known.length));
  assertEquals(
    known.map((name) => parseInt(cache.get(name, 0)!.text)),
    names.map((_, i) => i).slice(-known.length),
  );
});

Deno.test("NameCache has room for 200,000 names with an address of each family", () => {
  const cache = new NameCache();
  const count = 200_000;
  let unknown = 0;
  // In a buffer whose oldest bytes are reused, what does not fit displaces all of it in turn.
  for (let i = 0; i < 2 * count; i++) {
    const n = i % count;
    const name = `www.some-host-${n}.example.com`;
    if (cache.has(name)) continue;
    unknown++;
    cache.set(name, `203.0.${n >> 8 & 255}.${n & 255},2001:db8:26f0:${n.toString(16)}::17`, 1_000);
  }
  assert(unknown < 1.001 * count, `${unknown}`);
});

Deno.test("NameCache takes no further bytes for a name with the same text", () => {
  const cache = new NameCache({ ringBytes: 2_000, slots: 2 ** 12 });
  cache.set("a.test", "127.0.0.1", 1_000);
  for (let i = 0; i < 1_000; i++) cache.set("b.test", "127.0.0.2", i * 1_000);
  assertEquals([cache.has("a.test"), cache.get("b.test", 0)?.untilMs], [true, 999_000]);
  cache.set("b.test", "127.0.0.3", 500);
  assertEquals(cache.get("b.test", 0), { text: "127.0.0.3", untilMs: 500 });
});
