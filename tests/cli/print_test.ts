import { assertEquals } from "@std/assert";
import { formatMessage } from "../../lib/cli/print.ts";

Deno.test("formatMessage() escapes for a terminal, and removes passwords from URLs", () => {
  assertEquals(
    formatMessage("Cannot read 'http://me:hunter2@host/\x1b[2J'"),
    "myriad: Cannot read 'http://host/\\x1b[2J'",
  );
});
