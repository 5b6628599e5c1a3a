import { assert, assertEquals } from "@std/assert";
import { beginCdxjLine, type Capture, endCdxjLine } from "../../lib/warc/cdxj.ts";

const CAPTURE: Capture = {
  url: "http://example.com/a?b=2&a=1",
  dateDigits: "20260102030405678",
  type: "response",
  mediaType: "text/html",
  status: 200,
  digest: "sha256:00ff",
};
const PLACE = { filename: "x.warc.gz", offset: 17, length: 1234 };

const format = (capture: Partial<Capture> = {}, place = PLACE): string =>
  endCdxjLine(beginCdxjLine({ ...CAPTURE, ...capture }), place);

Deno.test("a line of CDXJ has the key, the second, and what pywb reads as JSON", () => {
  assertEquals(
    format(),
    'com,example)/a?a=1&b=2 20260102030405 {"url":"http://example.com/a?b=2&a=1",' +
      '"mime":"text/html","status":"200","digest":"sha256:00ff","length":"1234","offset":"17",' +
      '"filename":"x.warc.gz"}\n',
  );
});

Deno.test("a line of CDXJ says what is not known as pywb says it", () => {
  const json = (line: string): Record<string, string> => JSON.parse(line.split(" ")[2]);
  assertEquals(json(format({ type: "revisit" })).mime, "warc/revisit");
  assertEquals(json(format({ mediaType: undefined })).mime, "unk");
  assertEquals(json(format({ status: undefined })).status, "-");
  assertEquals(json(format({ digest: "sha1:ABC" })).digest, "ABC");
  assertEquals("digest" in json(format({ digest: undefined })), false);
  assertEquals(format({ dateDigits: "2026" }).split(" ")[1], "20260101000000");
});

Deno.test("a line of CDXJ is one line of ASCII, whatever a server sends and a file is called", () => {
  const line = format(
    { url: 'http://h/é"\u2028\n', mediaType: `a/b\n${"x".repeat(1000)}` },
    { ...PLACE, filename: "é\u007f\n😀.warc.gz" },
  );
  assert(/^[ -~]*\n$/.test(line), line);
  const { url, mime, filename } = JSON.parse(line.slice(line.indexOf("{")));
  assertEquals([url, mime, filename], ['http://h/é"\u2028\n', "unk", "é\u007f\n😀.warc.gz"]);
});
