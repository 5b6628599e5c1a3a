import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { readClusterKey } from "../../lib/options/cluster_key.ts";
import { readFromDisk } from "../../lib/options/read_file.ts";
import { folder } from "../fixtures/folder.ts";

const KEY = Uint8Array.from({ length: 32 }, (_, k) => 250 - k);

Deno.test("readClusterKey() takes 32 bytes, and texts of them", async () => {
  await using dir = await folder();
  const forms: readonly (string | Uint8Array)[] = [
    KEY,
    KEY.toHex(),
    `${KEY.toHex().toUpperCase()}\r\n`,
    `${KEY.toBase64()}\n`,
  ];
  for (const form of forms) {
    const path = await dir.write("key", form);
    assertEquals(new Uint8Array((await readClusterKey(path, readFromDisk))!), KEY);
  }
});

Deno.test("readClusterKey() refuses all else, and repeats nothing of it", async () => {
  await using dir = await folder();
  const wrong: readonly (string | Uint8Array)[] = [
    "",
    "hunter2",
    KEY.subarray(1),
    KEY.toHex().slice(2),
    `${KEY.toHex()}0`,
    `g${KEY.toHex().slice(1)}`,
    KEY.subarray(2).toBase64(),
    "hunter2".repeat(1_000),
  ];
  for (const form of wrong) {
    const path = await dir.write("key", form);
    const { message } = await assertRejects(() => readClusterKey(path, readFromDisk), UsageError);
    assertStringIncludes(message, "make one by 'openssl rand -hex 32'");
    assertEquals(message.includes("hunter2"), false);
  }
  const path = dir.path("missing");
  const { message } = await assertRejects(() => readClusterKey(path, readFromDisk), UsageError);
  assertStringIncludes(message, "no such file");
});
