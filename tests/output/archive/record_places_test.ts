import { assertEquals, assertMatch } from "@std/assert";
import {
  drawMark,
  fillPlaces,
  formatMarkedPlace,
  formatPlace,
} from "../../../lib/output/archive/record_places.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("formatPlace() names the file of the series, and where the response begins", () => {
  assertEquals(formatPlace("a/b.warc.gz", { serial: 0, offset: 7 }), "b.warc.gz:7");
  assertEquals(formatPlace("b.warc", { serial: 12, offset: 0 }), "b-00012.warc:0");
});

Deno.test("fillPlaces() makes of marks what formatPlace() gives, and leaves the rest alone", () => {
  const mark = drawMark();
  assertMatch(mark, /^[0-9a-f]{32}$/);
  const marked = formatMarkedPlace("x/ü.warc.gz", mark);
  const text = (places: readonly string[]): string => `ä,${places[0]}\nno place\nb,${places[1]}\n`;
  const bytes = encode(text([marked, marked]));
  for (const serial of [0, 3]) {
    const filled = fillPlaces(bytes, mark, { serial, offset: 1_000 }, [0, 2_345]);
    const places = [1_000, 3_345].map((offset) => formatPlace("x/ü.warc.gz", { serial, offset }));
    assertEquals(decode(filled), text(places));
  }
  const plain = encode("none\n");
  assertEquals(fillPlaces(plain, mark, { serial: 0, offset: 0 }, []), plain);
});
