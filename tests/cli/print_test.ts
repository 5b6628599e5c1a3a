import { assertEquals } from "@std/assert";
import { formatMessage } from "../../lib/cli/print.ts";

Deno.test("formatMessage() escapes what acts on a terminal, and takes passwords out of URLs", () => {
  assertEquals(
    formatMessage("Cannot read 'http://me:hunter2@host/\x1b[2J'"),
    "myriad: Cannot read 'http://host/\\x1b[2J'",
  );
});
