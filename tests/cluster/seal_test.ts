import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { Seal } from "../../lib/cluster/seal.ts";
import { KEY_BYTES } from "../../lib/options/cluster_key.ts";

const KEY = Uint8Array.from({ length: KEY_BYTES }, (_, k) => k);
const OTHER_KEY = Uint8Array.from({ length: KEY_BYTES }, (_, k) => k + 1);
const TEXT = new TextEncoder().encode("GET http://host/?token=hunter2");

Deno.test("Seal#open() gives what another with the same key has sealed", () => {
  const sealed = new Seal(KEY, "a").seal("part 1", TEXT);
  assertEquals(new Seal(KEY, "a").open("part 1", sealed), TEXT);
  assertEquals(new Seal(KEY, "a").open("part 1", new Seal(KEY, "a").seal("part 1", TEXT)), TEXT);
  const empty = new Seal(KEY, "a").seal("", new Uint8Array());
  assertEquals(new Seal(KEY, "a").open("", empty), new Uint8Array());
});

Deno.test("Seal#open() refuses another key, run, place, and each changed byte", () => {
  const sealed = new Seal(KEY, "a").seal("part 1", TEXT);
  const seal = new Seal(KEY, "a");
  assertEquals(new Seal(OTHER_KEY, "a").open("part 1", sealed), undefined);
  assertEquals(new Seal(KEY, "b").open("part 1", sealed), undefined);
  assertEquals(seal.open("part 2", sealed), undefined);
  assertEquals(seal.open("block 1", sealed), undefined);
  for (let k = 0; k < sealed.length; k++) {
    const changed = sealed.slice();
    changed[k] ^= 1;
    assertEquals(seal.open("part 1", changed), undefined, `byte ${k}`);
    assertEquals(seal.open("part 1", sealed.subarray(0, k)), undefined, `${k} bytes`);
  }
  assertEquals(seal.open("part 1", TEXT), undefined);
});

Deno.test("Seal#seal() shows nothing of the text, and never the same bytes twice", () => {
  const seal = new Seal(KEY, "a");
  const [one, two, three] = [
    seal.seal("p", TEXT),
    seal.seal("p", TEXT),
    new Seal(KEY, "a").seal("p", TEXT),
  ];
  assertEquals(new TextDecoder("latin1").decode(one).includes("hunter2"), false);
  // A nonce is the sender, 24 bytes, and a number.
  const nonces = new Set([one, two, three].map((sealed) => sealed.slice(1, 33).toHex()));
  assertEquals(nonces.size, 3);
  assertEquals(one.slice(1, 25), two.slice(1, 25));
  assertNotEquals(one.slice(1, 25), three.slice(1, 25));
  assertNotEquals(one.slice(33), two.slice(33));
});

Deno.test("Seal#toName() depends on the key, the run and the text alone", () => {
  const name = new Seal(KEY, "a").toName("host:80");
  assertEquals(new Seal(KEY, "a").toName("host:80"), name);
  assertMatch(name, /^[0-9a-f]{64}$/);
  const others = [
    new Seal(OTHER_KEY, "a").toName("host:80"),
    new Seal(KEY, "b").toName("host:80"),
    new Seal(KEY, "a").toName("host:81"),
  ];
  assertEquals(new Set([name, ...others]).size, 4);
});
