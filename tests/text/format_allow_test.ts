import { assertEquals } from "@std/assert";
import { formatAllow } from "../../lib/text/format_allow.ts";

Deno.test("formatAllow() is one word of a shell for one path or several", () => {
  assertEquals(formatAllow("read", "out.csv"), "--allow-read=out.csv");
  assertEquals(formatAllow("write", ["my out.csv", "b"]), "'--allow-write=my out.csv,b'");
});
