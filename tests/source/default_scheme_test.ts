import { assertEquals } from "@std/assert";
import { addScheme, addSchemeToTemplate } from "../../lib/source/default_scheme.ts";
import { all, open, outcomes, targetsOf } from "../fixtures/sources.ts";

for (
  const [text, url] of [
    ["example.com/x", "https://example.com/x"],
    [" localhost:8080 ", "https://localhost:8080"],
    ["//h/x", "https://h/x"],
    ["h/?to=http://other/", "https://h/?to=http://other/"],
    ["u:p@h/", "https://u:p@h/"],
    ["HTTP://h/", "HTTP://h/"],
    ["ftp://h/", "ftp://h/"],
    ["", ""],
  ]
) {
  Deno.test(`addScheme() makes '${url}' of '${text}'`, () => {
    assertEquals(addScheme(text, "https"), url);
  });
}

for (
  const [text, url] of [
    ["h/{}", "http://h/{}"],
    ["h", "http://h"],
    ["http://h/{}", "http://h/{}"],
    ["{}", "{}"],
    ["{host}/x", "{host}/x"],
    ["h{n}.example.com/", "h{n}.example.com/"],
    ["http{s}://h/", "http{s}://h/"],
  ]
) {
  Deno.test(`addSchemeToTemplate() makes '${url}' of '${text}'`, () => {
    assertEquals(addSchemeToTemplate(text, "http"), url);
  });
}

Deno.test("openSource() gives records a default scheme, in each format", async () => {
  const defaultScheme = "https";
  for (
    const [format, text, template] of [
      ["lines", "a.com/x\nhttp://b/\n", undefined],
      ["lines", "a.com/x\nhttp://b/\n", "{}"],
      ["csv", "url\na.com/x\nhttp://b/\n", undefined],
      ["tsv", "id\turl\n1\ta.com/x\n2\thttp://b/\n", undefined],
      ["tsv", "id\turl\n1\ta.com/x\n2\thttp://b/\n", "{url}"],
      ["jsonl", '{"url":"a.com/x"}\n{"url":"http://b/"}\n', undefined],
    ] as const
  ) {
    const targets = await targetsOf(format, text, { template, defaultScheme });
    assertEquals(outcomes(targets), ["https://a.com/x", "http://b/"]);
  }
  const hosts = await targetsOf("lines", "1\n", { template: "h{}.a.com/", defaultScheme });
  assertEquals(outcomes(hosts), ["https://h1.a.com/"]);
  const numbers = await open({ template: "h{}.a.com/", count: 1, defaultScheme });
  assertEquals(outcomes(await all(numbers)), ["https://h0.a.com/"]);
});
