import { assert, assertEquals } from "@std/assert";
import { RequestPath } from "../../../lib/commands/verify/request_path.ts";
import { FlatJson } from "../../../lib/scan/flat_json.ts";
import { generator } from "../../fixtures/random_json.ts";

const encoder = new TextEncoder();
const bytes = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

Deno.test("RequestPath is the same for a URL and for the path sent", () => {
  const random = generator(23);
  const scanner = new FlatJson(["url", "path"]);
  const ofUrl = new RequestPath();
  const ofPath = new RequestPath();
  const pieces = [
    "/",
    "a",
    ".",
    "..",
    "%2e",
    "%2E",
    "?",
    "%",
    "%20",
    " ",
    "'",
    '"',
    "|",
    "é",
  ];
  pieces.push("&", "=", "[", "]", "^", "`", "{", "}", "<", "\\", "//", "1", "~", ";", "@", ":");
  for (let round = 0; round < 20_000; round++) {
    const path = `/${
      Array.from({ length: random(8) }, () => pieces[random(pieces.length)]).join("")
    }`;
    const url = `http://${["h", "h:80", "[::1]:8080", "127.0.0.1"][random(4)]}${path}${
      random(9) === 0 ? "#x" : ""
    }`;
    const { pathname, search } = new URL(url);
    const block = bytes(JSON.stringify({ url, path }));
    assert(scanner.scan(block, 0, block.length));
    assert(ofUrl.readUrl(scanner, 0), url);
    assertEquals(`${ofUrl}`, pathname + search, url);
    assert(ofPath.readPath(scanner, 1), path);
    // What went over the wire is all of the path: `URL` drops a space at the end, and takes a
    // backslash for a slash.
    const wire = path.replaceAll(" ", "%20").replace(/^[^?]*/, (it) => it.replaceAll("\\", "%5C"));
    const bare = new URL(`http://h${wire}`);
    assertEquals(`${ofPath}`, bare.pathname + bare.search, path);
  }
  for (const url of ["http://h", "http://h?a", "http://h#/a"]) {
    const block = bytes(JSON.stringify({ url }));
    scanner.scan(block, 0, block.length);
    assert(ofUrl.readUrl(scanner, 0));
    assertEquals(`${ofUrl}`, new URL(url).pathname + new URL(url).search);
  }
});
