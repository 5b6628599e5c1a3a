import { assertEquals } from "@std/assert";
import { SeenPayloads } from "../../../lib/output/archive/seen_payloads.ts";

const record = (id: string, uri = "http://host/") => ({
  id,
  uri,
  date: "2026-01-02T03:04:05.678Z",
});

Deno.test("SeenPayloads remembers the last ones, and forgets the one that is unseen the longest", () => {
  const seen = new SeenPayloads(2);
  seen.add("a", record("1"));
  seen.add("b", record("2"));
  assertEquals(seen.find("a")?.id, "1");
  seen.add("c", record("3"));
  assertEquals(["a", "b", "c"].map((digest) => seen.find(digest)?.id), ["1", undefined, "3"]);
  // What a server makes long is not kept.
  seen.add("d", record("4", `http://host/${"x".repeat(3_000)}`));
  assertEquals(["a", "c", "d"].map((digest) => seen.find(digest)?.id), ["1", "3", undefined]);
});
