import { assertEquals, assertMatch } from "@std/assert";
import { type FormPart, parsePart } from "../../lib/form/parse_part.ts";

/** What parts have that say nothing more. */
const PLAIN = { type: undefined, filename: undefined };

for (
  const [given, part] of [
    ["a=b", { name: "a", from: "value", text: "b" }],
    ["a=", { name: "a", from: "value", text: "" }],
    ["a=b=c;d", { name: "a", from: "value", text: "b=c;d" }],
    ["a=b;type=text/x", { name: "a", from: "value", text: "b", type: "text/x" }],
    [
      "a=b; Type=text/plain; charset=utf-8;filename=f.txt",
      {
        name: "a",
        from: "value",
        text: "b",
        type: "text/plain; charset=utf-8",
        filename: "f.txt",
      },
    ],
    ['a="b;type=c \\"d\\" \\\\";type=text/x', {
      name: "a",
      from: "value",
      text: 'b;type=c "d" \\',
      type: "text/x",
    }],
    ['a="@b"', { name: "a", from: "value", text: "@b" }],
    ['a="b"c', { name: "a", from: "value", text: '"b"c' }],
    ["a=@b/c.txt", { name: "a", from: "file", text: "b/c.txt" }],
    ['a=@"b;c";filename=', { name: "a", from: "file", text: "b;c", filename: "" }],
    ["a=<b", { name: "a", from: "content", text: "b" }],
    ['é "x"=ü', { name: 'é "x"', from: "value", text: "ü" }],
  ] as [string, Partial<FormPart>][]
) {
  Deno.test(`parsePart() reads ${given}`, () => {
    assertEquals(parsePart(given), { ...PLAIN, ...part } as FormPart);
  });
}

for (
  const [given, problem] of [
    ["a", /^use NAME=VALUE, NAME=@FILE or NAME=<FILE$/],
    ["=b", /^use NAME=VALUE/],
    ["a=@", /^name a file behind '@'$/],
    ["a=<;type=x/y", /^name a file behind '<'$/],
    ["a=b;headers=@x", /^'headers=' is not supported: leave it out$/],
    ["a=b;encoder=base64", /^'encoder=' is not supported: leave it out$/],
    ["a=b;type=a/b;type=c/d", /^'type=' is given twice: use it once$/],
    ["a=b;type=", /^'type=' has no media type/],
    ["a=b;type=a\nb", /^'type=' has no media type/],
    ['a="b";c', /^after a word in quotes write ;type=TYPE or ;filename=NAME$/],
  ] as [string, RegExp][]
) {
  Deno.test(`parsePart() says what is wrong with ${JSON.stringify(given)}`, () => {
    assertMatch(parsePart(given) as string, problem);
  });
}
