import { assertEquals } from "@std/assert";
import { toTargetUri } from "../../lib/warc/target_uri.ts";

Deno.test("toTargetUri() leaves out user information and fragments, and keeps the rest", () => {
  for (
    const [url, uri] of [
      ["http://host/a?b=c%20d&e", "http://host/a?b=c%20d&e"],
      ["https://host:8443/@me", "https://host:8443/@me"],
      ["http://user:secret@host/a", "http://host/a"],
      ["http://host/a#part", "http://host/a"],
      ["http://host", "http://host/"],
      ["http://HOST/ü x", "http://host/%C3%BC%20x"],
      ["http://[::1]:80/", "http://[::1]:80/"],
    ]
  ) assertEquals(toTargetUri(url), uri);
});
