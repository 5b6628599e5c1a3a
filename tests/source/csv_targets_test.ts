import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { folder } from "../fixtures/folder.ts";
import { all, open, outcomes, targetsOf } from "../fixtures/sources.ts";

for (
  const [what, text, template, urls] of [
    ["plain fields", "id,name\n1,a b\n2,c\n", "http://h/{id}?n={name}", [
      "http://h/1?n=a%20b",
      "http://h/2?n=c",
    ]],
    ["quoted fields", '\ufeffid,"na""me"\r\n1,"a,""b""\r\nc"\r\n', 'http://h/{id}?n={na"me}', [
      "http://h/1?n=a%2C%22b%22%0D%0Ac",
    ]],
    [
      "names with spaces around them",
      " id , first name \n1, Ada \n",
      "http://h/{id}/{first name}",
      [
        "http://h/1/ Ada ",
      ],
    ],
    ["the column url without a template", 'id,url\n1, http://h/1 \n2,"http://h/2"\n', undefined, [
      "http://h/1",
      "http://h/2",
    ]],
    ["the record as it is", 'a,b\n1,"2"\n', "http://h/?q={}", ["http://h/?q=1%2C%222%22"]],
    ["blank lines, which do not count", "\n \na\n\n1\r\n  \r\n2", "http://h/{a}", [
      "http://h/1",
      "http://h/2",
    ]],
    [
      "names of every object",
      "__proto__,constructor\n1,2\n",
      "http://h/{__proto__}/{constructor}",
      [
        "http://h/1/2",
      ],
    ],
    ["a header alone", "a", "http://h/{a}", []],
    ["a whole URL in a field", "u\nhttp://h/1\nnonsense\n", "{u}", [
      "http://h/1",
      "line 3: not an absolute http or https URL",
    ]],
  ] as [string, string, string | undefined, string[]][]
) {
  Deno.test(`openRecords() of CSV reads ${what}`, async () => {
    const targets = await targetsOf("csv", text, { template });
    assertEquals(outcomes(targets), urls);
    assertEquals(targets.map(({ i }) => i), urls.map((_, i) => i));
  });
}

for (
  const [what, record, why] of [
    ["too few fields", "1", "the record has 1 fields, and the header 2"],
    ["too many fields", "1,2,3", "the record has 3 fields, and the header 2"],
    ["a quote in a field without", '1,a"b', "a field without quotes has a quote in it"],
    ["more behind a closed quote", '"1"x,2', "a quote is not closed, or has something other"],
    ["quotes and too many fields", '"1",2,3', "the record has 3 fields, and the header 2"],
  ]
) {
  Deno.test(`openRecords() of CSV reports a record with ${what}, and continues`, async () => {
    const targets = await targetsOf("csv", `a,b\n\n${record}\n1,2\n`, { template: "http://h/{a}" });
    assertEquals(targets.map(({ i }) => i), [0, 1]);
    assert(targets[0].invalid!.startsWith(`line 3: ${why}`), targets[0].invalid);
    assertEquals(targets[0].url, record);
    assertEquals(outcomes([targets[1]]), ["http://h/1"]);
  });
}

Deno.test("openRecords() of CSV gives the first line of a record of several lines", async () => {
  const targets = await targetsOf("csv", 'a,b\n"x\ny",1\n"x\n"y,1\n1\n2,"\n', {
    template: "http://h/{b}",
  });
  assertEquals(outcomes(targets).map((text) => text.split(":", 2).join(":")), [
    "http://h/1",
    "line 4: a quote is not closed, or has something other than a comma behind it",
    "line 6: the record has 1 fields, and the header 2",
    "line 7: a quote is not closed, or has something other than a comma behind it",
  ]);
});

Deno.test("openRecords() of CSV skips a record over 1 MiB, and continues", async () => {
  const long = `http://h/${"x".repeat(1024 * 1024)}`;
  const targets = await targetsOf("csv", `url\n${long}\n"${long}\nhttp://h/2\n`);
  assertEquals(outcomes(targets), [
    "line 2: longer than 1 MiB",
    "line 3: longer than 1 MiB",
    "http://h/2",
  ]);
  assertEquals(targets[0].url, long.slice(0, 200));
});

Deno.test("openRecords() of CSV makes no request for a control character in a URL or invalid UTF-8", async () => {
  const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
  const rows = ['1,"a\tb"', '2,"a\r\nb"', "3,a\xe9", "4,a", "5,a\x7f"];
  const control = (code: string): string => `a URL cannot hold a control character (here ${code})`;
  await using dir = await folder();
  const path = await dir.write("a.csv", latin1(`id,v\r${rows.join("\r")}\r`));
  const input = { path, format: "csv" } as const;
  for (const template of ["http://h/{v}", "http://{v}.x/"]) {
    const targets = await all(await open({ input, template }));
    assertEquals(targets.map(({ i }) => i), [0, 1, 2, 3, 4]);
    assertEquals(outcomes(targets).map((text) => text.split(":", 2).join(":")), [
      `line 2: ${control("%09")}`,
      `line 3: ${control("%0D")}`,
      "line 5: not UTF-8",
      template.replace("{v}", "a"),
      `line 7: ${control("%7F")}`,
    ]);
  }
  // As the value of a parameter it is percent-encoded.
  const [tab, lineBreak] = await all(await open({ input, template: "http://h/?v={v}" }));
  assertEquals(outcomes([tab, lineBreak]), ["http://h/?v=a%09b", "http://h/?v=a%0D%0Ab"]);
  const bad = await dir.write("b.csv", latin1("id,\xe9\n1,2\n"));
  const error = await assertRejects(
    () => open({ input: { path: bad, format: "csv" }, template: "http://h/{id}" }),
    UsageError,
  );
  assert(error.message.includes("its first record is not UTF-8"), error.message);
});

for (
  const [what, text, template, message] of [
    ["nothing", "", "http://h/{a}", "it is empty"],
    ["blank lines", "\n \n", "http://h/{a}", "it is empty"],
    ["a column without a name", "a,,b\n1,2,3\n", "http://h/{a}", "column 2 has no name"],
    ["two columns of one name", "a, a\n1,2\n", "http://h/{a}", "two columns have the name 'a'"],
    ["a header that is no record", 'a"b\n', "http://h/{a}", "its first record names no columns"],
    ["a header over 1 MiB", `${"x".repeat(1024 * 1024 + 1)}\n`, "http://h/{a}", "1 MiB"],
    ["no column for a name", "a,b\n", "http://h/{c}", "it has no column 'c': it has a, b"],
    ["no column url", "a,b\n", undefined, "it has no column 'url': it has a, b"],
    ["nothing that the template takes", "a\n1\n", "http://h/", "no {name} of a column"],
  ] as [string, string, string | undefined, string][]
) {
  Deno.test(`openSource() rejects CSV with ${what}`, async () => {
    const error = await assertRejects(() => targetsOf("csv", text, { template }), UsageError);
    assert(error.message.startsWith("Cannot "), error.message);
    assert(error.message.includes(message), error.message);
  });
}

Deno.test("openRecords() of CSV has the same numbers and shards as lines", async () => {
  const text = 'a\n0\n1\n"2\n\n"\n\n3\n4\n5\n6\n';
  const targets = await targetsOf("csv", text, {
    template: "http://h/{a}",
    start: 1,
    count: 5,
    shard: { index: 1, count: 2 },
  });
  assertEquals(targets.map(({ i, url }) => [i, url]), [
    [1, "http://h/1"],
    [3, "http://h/3"],
    [5, "http://h/5"],
  ]);
});
