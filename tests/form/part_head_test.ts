import { assertEquals } from "@std/assert";
import { formatPartHead } from "../../lib/form/part_head.ts";
import { type FormPart, parsePart } from "../../lib/form/parse_part.ts";

for (
  const [given, head] of [
    ["a=b", 'form-data; name="a"'],
    ["a=b;type=x/y", 'form-data; name="a"\r\nContent-Type: x/y'],
    ["a=@x/y.PNG", 'form-data; name="a"; filename="y.PNG"\r\nContent-Type: image/png'],
    ["a=@y", 'form-data; name="a"; filename="y"\r\nContent-Type: application/octet-stream'],
    [
      "a=@y.bin;filename=z.txt",
      'form-data; name="a"; filename="z.txt"\r\nContent-Type: text/plain',
    ],
    ["a=<y.png", 'form-data; name="a"'],
    [
      'a"\r\nb=@"c\\"d";type=x/y',
      'form-data; name="a%22%0D%0Ab"; filename="c%22d"\r\nContent-Type: x/y',
    ],
    [
      "a=@c.toString",
      'form-data; name="a"; filename="c.toString"\r\nContent-Type: application/octet-stream',
    ],
  ]
) {
  Deno.test(`formatPartHead() makes the head of ${JSON.stringify(given)}`, () => {
    assertEquals(
      formatPartHead(parsePart(given) as FormPart),
      `Content-Disposition: ${head}\r\n\r\n`,
    );
  });
}
