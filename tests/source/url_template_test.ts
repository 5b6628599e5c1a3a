import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { UrlTemplate } from "../../lib/source/url_template.ts";

for (
  const [text, values, url] of [
    ["http://h/{}", { "": "7" }, "http://h/7"],
    ["{}", { "": "http://h/" }, "http://h/"],
    ["http://h/", {}, "http://h/"],
    ["http://h/{a}/{b}/{a}", { a: "1", b: "2" }, "http://h/1/2/1"],
    ["http://h/{first name}", { "first name": "Ada" }, "http://h/Ada"],
    ["http://h/{naïve-名}", { "naïve-名": "x" }, "http://h/x"],
    ["http://h/{{}}", {}, "http://h/{}"],
    ["http://h/{{{}}}", { "": "7" }, "http://h/{7}"],
    ["http://h/{{{{", {}, "http://h/{{"],
    // Behind a = of the query it is a parameter's value; anywhere else it is as it is.
    ["http://h/?q={}", { "": "a b&c=d/é" }, "http://h/?q=a%20b%26c%3Dd%2F%C3%A9"],
    ["http://h/?q={a}&r={b}", { a: "&", b: "#" }, "http://h/?q=%26&r=%23"],
    ["http://h/?q={+a}", { a: "&x=1" }, "http://h/?q=&x=1"],
    ["http://h/?q={+}", { "": "&x=1" }, "http://h/?q=&x=1"],
    ["http://h/?{}", { "": "a=b&c" }, "http://h/?a=b&c"],
    ["http://h/?q=x{}", { "": "a&b" }, "http://h/?q=xa&b"],
    ["http://h/?q={a}{b}", { a: "&", b: "&" }, "http://h/?q=%26&"],
    ["http://h/a={}", { "": "/x" }, "http://h/a=/x"],
    ["http://h/a={}?b={}", { "": "/" }, "http://h/a=/?b=%2F"],
    ["http://h/{{?a={}", { "": "&" }, "http://h/{?a=%26"],
    ["http://h/?a={{{}", { "": "&" }, "http://h/?a={&"],
    // Before the @ of user information, too, but for what parts a name from a password.
    ["http://u:{}@h/{}", { "": "p/@:#?% é" }, "http://u:p%2F%40:%23%3F%25%20%C3%A9@h/p/@:#?% é"],
    ["http://{}@h/", { "": "u@x:p" }, "http://u%40x:p@h/"],
    ["http://{a}:{+b}@{c}/", { a: "/", b: "%2F", c: "h:1" }, "http://%2F:%2F@h:1/"],
    ["{a}://u:{b}@h/", { a: "http", b: "@" }, "http://u:%40@h/"],
    ["http://h/{a}@{b}", { a: "/", b: "@" }, "http://h//@@"],
    // It stands in a value, so it begins no query.
    ["http://h/{a}&q={b}", { a: "?", b: "&" }, "http://h/?&q=&"],
  ] as [string, Record<string, string>, string][]
) {
  Deno.test(`UrlTemplate.expand() gives ${url} for ${text}`, () => {
    assertEquals(UrlTemplate.parse(text).expand((name) => values[name]), { url });
    if (Object.keys(values).join() === "") {
      assertEquals(UrlTemplate.parse(text).expandOne(values[""]), url);
    }
  });
}

Deno.test("UrlTemplate.expand() accepts lone surrogates", () => {
  assertEquals(UrlTemplate.parse("http://h/?q={}").expandOne("\ud800"), "http://h/?q=%EF%BF%BD");
});

Deno.test("UrlTemplate.expand() gives the name without a value", () => {
  assertEquals(
    UrlTemplate.parse("http://h/{a}{b}").expand((name) => name === "a" ? "" : undefined),
    {
      missing: "b",
    },
  );
});

for (
  const [text, place] of [
    ["http://h/{", "'{' at character 10"],
    ["http://h/}", "'}' at character 10"],
    ["http://h/{a", "'{' at character 10"],
    ["http://h/{a{}", "'{' at character 10"],
    ["http://h/{{}", "'}' at character 12"],
    ["http://h/{ }", "'{ }' at character 10"],
    ["http://h/{a }", "'{a }'"],
    ["http://h/{ a}", "'{ a}'"],
    ["http://h/{++a}", "'{++a}'"],
    ["http://h/{?a,b}", "'{?a,b}'"],
    ["http://h/{/a}", "'{/a}'"],
  ]
) {
  Deno.test(`UrlTemplate.parse() rejects ${JSON.stringify(text)}`, () => {
    const error = assertThrows(() => UrlTemplate.parse(text), UsageError);
    assert(error.message.includes(place), error.message);
    assert(error.message.endsWith(": use {}, {name}, or {{ and }} for braces"), error.message);
  });
}

for (
  const [text, why] of [
    ["http://h/a\tb", "a URL cannot hold a control character (here %09)"],
    ["http://h/{a\nb}", "a URL cannot hold a control character (here %0A)"],
    ["http://h/{}#\x7f", "a URL cannot hold a control character (here %7F)"],
    ["http://u:hunter2@h/\r", "a URL cannot hold a control character (here %0D)"],
    ["http://h/\ud800", "a URL cannot hold a lone surrogate"],
    ["http://h/\ufffd", "it is not UTF-8, or has U+FFFD in it"],
  ]
) {
  Deno.test(`UrlTemplate.parse() rejects ${JSON.stringify(text)}, which URL would change`, () => {
    const error = assertThrows(() => UrlTemplate.parse(text), UsageError);
    assert(error.message.startsWith(`Cannot use the URL: ${why}: `), error.message);
    assert(!error.message.includes("hunter2"), error.message);
  });
}

Deno.test("UrlTemplate.names has each name once, in order", () => {
  assertEquals(UrlTemplate.parse("http://h/{b}{}{+a}{b}").names, ["b", "", "a"]);
  assertEquals(UrlTemplate.parse("http://h/{{a}}").names, []);
});

for (
  const [text, isFixed] of [
    ["http://h/{}", true],
    ["https://h:8443?{}", true],
    ["http://h#{}", true],
    ["HTTP://h/{}", true],
    ["http://h", true],
    ["http://h{}/", false],
    ["http://{}/", false],
    ["http://h:{}/", false],
    ["http://u:{}@h/", false],
    ["{}", false],
    ["{}://h/", false],
    ["h/{}", false],
    // The next character decides where the host ends.
    ["http://{}h/", false],
    ["http:///{}", false],
    ["http://a\\{}/", false],
  ] as [string, boolean][]
) {
  Deno.test(`UrlTemplate.isOriginFixed is ${isFixed} for ${text}`, () => {
    assertEquals(UrlTemplate.parse(text).isOriginFixed, isFixed);
  });
}
