import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import { Codec } from "../../lib/cluster/codec.ts";
import { decodeSpec, encodeHead, encodeSpec, readHead, type Spec } from "../../lib/cluster/spec.ts";
import { UsageError } from "../../lib/errors.ts";

const SPEC: Spec = {
  command: {
    argv: ["--", "http://h/"],
    files: [{ path: "-", base64: "YQ==" }],
    variables: [],
    password: null,
  },
  columns: [["a"]],
  seed: "0".repeat(32),
  hasOneHost: true,
  ids: { name: "X-Request-Id", random: "0".repeat(32) },
  lostAfterMs: 30_000,
  details: false,
};
const HEAD = {
  version: "1.0.0",
  isSealed: false,
  spec: { seqs: [1], bytes: 1, sha256: "0".repeat(64) },
};

Deno.test("readHead() gives what encodeHead() was given", () => {
  const reader = { version: "1.0.0", hasKey: false };
  assertEquals(readHead(encodeHead(HEAD), "a", reader), HEAD);
});

Deno.test("readHead() says which version is wrong, or whether there has to be a key", () => {
  const bytes = (change: object) =>
    new TextEncoder().encode(JSON.stringify({ ...HEAD, ...change }));
  const cases: readonly [change: object, hasKey: boolean, words: string][] = [
    [{ version: "0.9" }, false, "it was submitted by myriad 0.9, and this is myriad 1.0.0"],
    [{ version: "\x1b[31m" }, false, "by myriad of another version, and this is myriad 1.0.0"],
    [{ isSealed: true }, false, "it is sealed: add --cluster-key"],
    [{}, true, "it is not sealed"],
    [{ version: 1 }, false, "damaged, or of another version"],
    [{ spec: null }, false, "damaged, or of another version"],
  ];
  for (const [change, hasKey, words] of cases) {
    const reader = { version: "1.0.0", hasKey };
    const error = assertThrows(() => readHead(bytes(change), "a", reader), UsageError);
    assertStringIncludes(error.message, `Cannot work on run 'a': `);
    assertStringIncludes(error.message, words);
  }
});

Deno.test("decodeSpec() gives what encodeSpec() was given, and says that a key is another", async () => {
  assertEquals(await decodeSpec("a", () => Promise.resolve(encodeSpec(SPEC))), SPEC);
  const [one, other] = [1, 2].map((byte) => new Codec("a", new Uint8Array(32).fill(byte)));
  const sealed = one.seal("spec", "", encodeSpec(SPEC));
  assertEquals(await decodeSpec("a", async () => await one.open("spec", "", sealed)), SPEC);
  const error = await assertRejects(
    () => decodeSpec("a", async () => await other.open("spec", "", sealed)),
    UsageError,
  );
  assertStringIncludes(error.message, "--cluster-key is not the key that it was submitted with");
});

Deno.test("decodeSpec() refuses what no submitter writes", async () => {
  const wrong: readonly object[] = [
    { command: null },
    { command: { ...SPEC.command, argv: "x" } },
    { command: { ...SPEC.command, files: [{ path: 1, base64: "" }] } },
    { columns: [[1]] },
    { ids: { name: "X", random: "zz" } },
    { seed: "zz" },
    { lostAfterMs: 0 },
    { lostAfterMs: 1e12 },
    { details: 1 },
  ];
  const specs = wrong.map((change) => encodeSpec({ ...SPEC, ...change } as Spec));
  for (const bytes of [...specs, new Uint8Array(5), gzipSync(new Uint8Array(100_000_000))]) {
    const error = await assertRejects(
      () => decodeSpec("a", () => Promise.resolve(bytes)),
      UsageError,
    );
    assertStringIncludes(error.message, "what describes it on the bus is damaged");
  }
});
