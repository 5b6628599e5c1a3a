import { assertEquals } from "@std/assert";
import { NumberedPath } from "../../../lib/commands/verify/numbered_path.ts";
import { RequestPath } from "../../../lib/commands/verify/request_path.ts";

const encoder = new TextEncoder();

function path(text: string): RequestPath {
  const path = new RequestPath();
  path.bytes = encoder.encode(text);
  path.to = path.bytes.length;
  return path;
}

const numberPlace = (...paths: string[]): NumberedPath | undefined =>
  NumberedPath.find(paths.map((path) => encoder.encode(path)));

for (
  const [paths, text, number] of [
    [["/0", "/17", "/5"], "/99", 99],
    [["/a/100/b", "/a/199/b"], "/a/2/b", 2],
    [["/v1/3.html?x=1", "/v1/4.html?x=1"], "/v1/123456789012345.html?x=1", 123456789012345],
    [["/10", "/20"], "/7", 7],
    [["/1", "/11"], "/111", 111],
    [["/0", "/17"], "/007", -1],
    [["/0", "/17"], "/1234567890123456", -1],
    [["/0", "/17"], "/", -1],
    [["/0", "/17"], "/1a", -1],
    [["/0?a", "/17?a"], "/17", -1],
  ] as const
) {
  Deno.test(`NumberedPath.parseNumber() is ${number} for ${text} among ${paths}`, () => {
    const { bytes, from, to } = path(text);
    const place = numberPlace(...paths)!;
    assertEquals(place.parseNumber({ bytes, from, to }), number);
    if (number >= 0) assertEquals(place.format(number), text);
  });
}

Deno.test("NumberedPath.find() is undefined when paths differ by more than a number", () => {
  for (
    const paths of [
      [],
      ["/a", "/b"],
      ["/1/1", "/2/2"],
      ["/01", "/02"],
      ["/1", "/x2"],
      ["/", "/1"],
      ["/1234567890123456", "/2"],
    ]
  ) {
    assertEquals(numberPlace(...paths), undefined, `${paths}`);
  }
});
