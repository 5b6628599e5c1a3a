import { assert, assertEquals } from "@std/assert";
import {
  escapeBraces,
  type Kind,
  type TemplatePart,
  TextTemplate,
} from "../../lib/source/text_template.ts";
import { generator, isNameLike, textOf, valueOf } from "../fixtures/random_json.ts";

for (
  const [kind, source, values, text] of [
    ["text", "{}", { "": "7" }, "7"],
    ["text", "a{}b{}c", { "": "7" }, "a7b7c"],
    ["text", "{a}{+b}{first name}", { a: "1", b: "2", "first name": "3" }, "123"],
    ["text", "{naïve-名_.0}", { "naïve-名_.0": "x" }, "x"],
    // Every other brace stands for itself, and none becomes one of two.
    ["text", "{ {{ } }} {a {{", { a: "1" }, "{ {{ } }} {a {{"],
    ["text", '{"a":{"b":1}}', { a: "1" }, '{"a":{"b":1}}'],
    ["text", "{ a } {a } { a} {a:b} {a,b} {'a'} {?a} {/a} {++a} {a\nb} { }", { a: "1" }, "same"],
    ["text", "{{}} {{a}} {{+a}} {{first name}}", {}, "{} {a} {+a} {first name}"],
    ["text", '{"a":{{}}}', {}, '{"a":{}}'],
    ["text", '{"a":{"b":{}}}', { "": "7" }, '{"a":{"b":7}}'],
    ["text", "{{a}", { a: "1" }, "{1"],
    ["text", "{a}}", { a: "1" }, "1}"],
    ["text", "{__proto__}", { ["__proto__"]: "1" }, "1"],
    // In JSON, by what stands before it: within a text, or by itself.
    ["json", '{"a":"{}"}', { "": 'x"\\\n\u0001é' }, '{"a":"x\\"\\\\\\n\\u0001é"}'],
    ["json", '{"a":{},"b":{}}', { "": "7" }, '{"a":7,"b":7}'],
    ["json", '{"a":{}}', { "": "-1.5e+3" }, '{"a":-1.5e+3}'],
    ["json", '{"a":{}}', { "": "true" }, '{"a":true}'],
    ["json", '{"a":{}}', { "": "007" }, '{"a":"007"}'],
    ["json", '{"a":{}}', { "": 'Ada "L"' }, '{"a":"Ada \\"L\\""}'],
    ["json", '{"a":{}}', { "": "" }, '{"a":""}'],
    ["json", '{"a":{}}', { "": "\ud800" }, '{"a":"\ufffd"}'],
    ["json", '{"a\\"{}":{}}', { "": "x" }, '{"a\\"x":"x"}'],
    ["json", '["\\\\",{},"{}"]', { "": "x" }, '["\\\\","x","x"]'],
    ["json", '{"a":{+}}', { "": '{"b":[1]}' }, '{"a":{"b":[1]}}'],
    ["json", "{+}", { "": '{"b":1}' }, '{"b":1}'],
    ["json", '{"q":"{{user}}"}', {}, '{"q":"{user}"}'],
    // In a form, right behind a =.
    ["form", "a={}&b={}", { "": "x&y=z é" }, "a=x%26y%3Dz%20%C3%A9&b=x%26y%3Dz%20%C3%A9"],
    ["form", "{}&a=x{}", { "": "b=c" }, "b=c&a=xb=c"],
    ["form", "a={+}", { "": "1&b=2" }, "a=1&b=2"],
    ["form", "a={}", { "": "\ud800" }, "a=%EF%BF%BD"],
    ["header", "Bearer {a}", { a: 'x"y' }, 'Bearer x"y'],
  ] as [Kind, string, Record<string, string>, string][]
) {
  Deno.test(`TextTemplate.expand() gives ${text} for ${source} as ${kind}`, () => {
    const lookup = (name: string): string | undefined =>
      Object.hasOwn(values, name) ? values[name] : undefined;
    const expected = text === "same" ? source : text;
    assertEquals(TextTemplate.parse(source, kind).expand(lookup), expected);
  });
}

Deno.test("TextTemplate.expand() gives the position of a placeholder without a value", () => {
  const template = TextTemplate.parse('{"a":"{b}{c}"}', "json");
  assertEquals(template.expand((name) => name === "b" ? "" : undefined), { missing: 10 });
});

Deno.test("TextTemplate.parse() keeps JSON unchanged except for placeholders", () => {
  const random = generator(1);
  let documents = 0;
  let braces = 0;
  while (documents < 2_000) {
    const json = JSON.stringify(valueOf(random), null, random(3));
    if (isNameLike(json)) continue;
    documents++;
    if (/\}\}|\{\{/.test(json)) braces++;
    for (const kind of ["json", "form", "text", "header"] as const) {
      const template = TextTemplate.parse(json, kind);
      assertEquals([template.isTemplate, template.start], [false, json]);
    }
  }
  assert(braces > 20, `${braces} documents with braces side by side`);
});

Deno.test("TextTemplate.expand() writes values that JSON.parse() restores", () => {
  const random = generator(2);
  const template = TextTemplate.parse(
    '{"a":{"b":"{x}"},"c":["{x}{y}","\\\\{y}"],"d":{y},"{x}":1}',
    "json",
  );
  for (let n = 0; n < 5_000; n++) {
    const [x, y] = [textOf(random), textOf(random)];
    const parsed = JSON.parse(template.expand((name) => name === "x" ? x : y) as string);
    const bare = /^7+$/.test(y) ? Number(y) : y;
    assertEquals(parsed, { a: { b: x }, c: [x + y, "\\" + y], d: bare, [x]: 1 });
  }
});

Deno.test("TextTemplate.expand() writes values that a form parser restores", () => {
  const random = generator(3);
  const template = TextTemplate.parse("a={x}&b=1&c={x}", "form");
  for (let n = 0; n < 2_000; n++) {
    const x = textOf(random);
    const form = new URLSearchParams(template.expand(() => x) as string);
    assertEquals([...form], [["a", x], ["b", "1"], ["c", x]]);
  }
});

Deno.test("escapeBraces() gives a template that expands to the same text", () => {
  const random = generator(4);
  for (let n = 0; n < 5_000; n++) {
    const text = textOf(random) + "{a}{{}}".slice(random(7), random(8)) + textOf(random);
    const template = TextTemplate.parse(escapeBraces(text));
    assertEquals([template.isTemplate, template.start], [false, text]);
  }
});

Deno.test("TextTemplate.source is a text with the same parts", () => {
  const random = generator(5);
  for (let n = 0; n < 5_000; n++) {
    const pieces = ["{a}", "{{", "}}", "{+}", "{", "}", "{{uuid}}", "{i:08}", "{a|lower}", "x"];
    const text = Array.from({ length: random(8) }, () => pieces[random(pieces.length)]).join("") +
      textOf(random);
    const { source, parts } = TextTemplate.parse(text);
    const again = TextTemplate.parse(source).parts;
    const bare = (all: readonly TemplatePart[]): unknown =>
      all.map((part) => typeof part === "string" ? part : [part.name, part.isRaw]);
    assertEquals(bare(again), bare(parts), text);
  }
});
