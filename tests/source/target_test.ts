import { assert, assertEquals } from "@std/assert";
import { invalidRecord } from "../../lib/source/target.ts";

const DEFAULTS = { method: "GET", headers: [], body: undefined };

/** What is shown of a text that is not a URL. */
function show(text: string): string {
  return invalidRecord(0, text, "not a URL", DEFAULTS).url;
}

Deno.test("invalidRecord() shows no user information, and no fields that can hold secrets", () => {
  for (
    const [text, shown] of [
      ["  me,secret@h/", "  h/"],
      ["ftp: //user:secret@h/", "ftp: //h/"],
      ["\\\\user@h", "\\\\h"],
      ["x //a:b@c //d@e", "x //c //e"],
      ["http://user:pa/ss@h@i", "…@i"],
      ["user:pa?ss@h", "…@h"],
      ['{"a":1,"token":"x"}', '{"a":1,'],
      ['{"a":1,"session_id":"x"', '{"a":1,'],
      ['{"a":"b"my-secrets":1', '{"a":"b'],
      ['{"bodyless":"token', '{"bodyless":"token'],
      ["@:", ":"],
    ]
  ) assertEquals(show(text), shown);
});

Deno.test("invalidRecord() takes time by the length of a record", () => {
  // Otherwise this would not end.
  for (const text of [" ", "/", " /", "://a:", ":", '"', "token", '"token', "@", "//", "a:"]) {
    for (const [before, behind] of [["", "?@"], ["?@://", ""], ['"', ""]]) {
      assert(show(before + text.repeat(200_000) + behind).length <= 200, text);
    }
  }
});
