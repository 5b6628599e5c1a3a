import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import type { SourceOptions } from "../../lib/source/target_source.ts";
import type { RequestTemplates } from "../../lib/source/request_defaults.ts";
import { type Kind, TextTemplate } from "../../lib/source/text_template.ts";
import type { HeaderList, Target } from "../../lib/target.ts";
import { folder } from "../fixtures/folder.ts";
import { all, open, outcomes, targetsOf } from "../fixtures/sources.ts";
import { readBody } from "../fixtures/read_body.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** What `requestOf()` makes of a header field and a body that are templates. */
function templated(
  header: string,
  body?: string,
  kind: Kind = "json",
): Pick<SourceOptions, "method" | "headers" | "body" | "templates"> {
  const field = ["X-Id", header] as const;
  const templates: RequestTemplates = {
    headers: new Map([[field, TextTemplate.parse(header, "header")]]),
    body: body === undefined ? undefined : TextTemplate.parse(body, kind),
  };
  return {
    method: body === undefined ? "GET" : "POST",
    headers: [["X-A", "{}"], field],
    body: body === undefined ? undefined : encoder.encode(body),
    templates,
  };
}

const filledOf = (targets: readonly Target[]): unknown[] =>
  targets.map(({ headers, body, invalid }) =>
    invalid ?? [headers[1]?.[1], body && decoder.decode(readBody(body))]
  );

Deno.test("openSource() fills header fields and the body with the number", async () => {
  const options = { template: "http://h/", count: 2, start: 5, ...templated("n{}", '{"n":{}}') };
  const targets = await all(await open(options));
  assertEquals(filledOf(targets), [["n5", '{"n":5}'], ["n6", '{"n":6}']]);
  // The same field, so that others can tell whose it is.
  for (const { headers } of targets) assertStrictEquals(headers[0], options.headers[0]);
});

Deno.test("openSource() fills header fields and the body with the line", async () => {
  const options = templated("{}", "a={}", "form");
  assertEquals(
    filledOf(await targetsOf("lines", " x y \n&\n", { template: "http://h/?{}", ...options })),
    [["x y", "a=x%20y"], ["&", "a=%26"]],
  );
  assertEquals(filledOf(await targetsOf("lines", " http://h/1\n", options)), [
    ["http://h/1", "a=http%3A%2F%2Fh%2F1"],
  ]);
});

Deno.test("openSource() fills header fields and the body from columns", async () => {
  const options = { template: "http://h/{id}", ...templated("{id}", '{"id":{id},"n":"{a b}"}') };
  assertEquals(filledOf(await targetsOf("csv", 'id,a b\n1,"x""y"\n2\n3,z\n', options)), [
    ["1", '{"id":1,"n":"x\\"y"}'],
    "line 3: the record has 1 fields, and the header 2",
    ["3", '{"id":3,"n":"z"}'],
  ]);
  assertEquals(filledOf(await targetsOf("csv", "url\nhttp://h/\n", templated("{}", "{+}"))), [
    ["http://h/", "http://h/"],
  ]);
});

Deno.test("openSource() fills header fields and the body from records of JSONL", async () => {
  const options = { template: "http://h/", ...templated("{id}", '{"id":{id},"all":{+}}') };
  assertEquals(filledOf(await targetsOf("jsonl", '{"id":1}\n{"x":1}\n', options)), [
    ["1", '{"id":1,"all":{"id":1}}'],
    "line 2: the record has no field for the placeholder at character 7 of '--data'",
  ]);
  const header = { template: "http://h/", ...templated("x{id}", "{+}") };
  assertEquals(filledOf(await targetsOf("jsonl", '{"x":1}\n', header)), [
    "line 1: the record has no field for the placeholder at character 2 of '--header X-Id'",
  ]);
});

Deno.test("openSource() prefers a record's own headers and body", async () => {
  const options = { template: "http://h/", ...templated("{id}", '{"id":{id}}') };
  const text = [
    { headers: { "x-id": "{id}" }, body: "{id}" },
    { id: 2, body: { id: "{id}" } },
    { id: 3, headers: { "X-ID": "{}", "X-A": "own" } },
  ].map((record) => JSON.stringify(record)).join("\n");
  const targets = await targetsOf("jsonl", text, options);
  assertEquals(
    targets.map(({ headers, body }) => [headers as unknown, decoder.decode(readBody(body))]),
    [
      [[["X-A", "{}"], ["x-id", "{id}"]], "{id}"],
      [
        // It has no content type of its own or the run's.
        [["X-A", "{}"], ["X-Id", "2"], ["Content-Type", "application/json"]],
        '{"id":"{id}"}',
      ],
      [[["X-ID", "{}"], ["X-A", "own"]], '{"id":3}'],
    ],
  );
});

Deno.test("openSource() makes no request for an invalid field value, and does not show it", async () => {
  const options = { template: "http://h/{id}", ...templated("{v}") };
  const text = 'id,v\n1,"a\nSecret: x"\n2,世界\n3,fine\n';
  const targets = await targetsOf("csv", text, options);
  const why = "'--header X-Id' cannot be sent: its value has control characters, or characters " +
    "above U+00FF";
  assertEquals(filledOf(targets), [`line 2: ${why}`, `line 4: ${why}`, ["fine", undefined]]);
  assertEquals(targets.map(({ url }) => url), ["http://h/1", "http://h/2", "http://h/3"]);
  assert(!/Secret|世/.test(outcomes(targets).join()));
  assertEquals(targets[0].headers, options.headers, "none of it is kept");
});

for (
  const [what, options, message] of [
    ["numbers", { template: "http://h/{}" }, "without --input there is no record"],
    ["lines", { template: "http://h/{}", input: { path: "X", format: "lines" } }, "a line has no"],
    ["lines that are URLs", { input: { path: "X", format: "lines" } }, "a line has no fields"],
  ] as [string, Partial<SourceOptions>, string][]
) {
  Deno.test(`openSource() rejects names in header fields and bodies for ${what}`, async () => {
    for (
      const [given, place] of [
        [templated("Bearer {hunter2}"), "character 8 of '--header X-Id'"],
        [templated("x", '{"a":"{}{hunter2}"}'), "character 9 of '--data'"],
      ] as const
    ) {
      const error = await assertRejects(() => open({ ...options, ...given }), UsageError);
      assert(error.message.includes(`Cannot fill the placeholder at ${place}: `), error.message);
      assert(error.message.includes(message), error.message);
      assert(error.message.endsWith(": for braces as they are, write {{name}}"), error.message);
      assert(!error.message.includes("hunter2"), error.message);
    }
  });
}

Deno.test("openSource() rejects a missing column, and lists the columns", async () => {
  await using dir = await folder();
  const path = await dir.write("a.csv", "url,id\n");
  const options = { input: { path, format: "csv" as const }, ...templated("{id}", "{idd}") };
  const error = await assertRejects(() => open(options), UsageError);
  assertEquals(
    error.message,
    `Cannot fill the placeholder at character 1 of '--data': '--input ${path}' has only url, id: ` +
      "for braces as they are, write {{name}}",
  );
});

Deno.test("openSource() shares one list and one body when there is no template", async () => {
  const headers: HeaderList = [["A", "{x}"]];
  const body = encoder.encode('{"a":{}}');
  const run = { headers, body, method: "POST", templates: undefined };
  for (
    const targets of [
      await all(await open({ template: "http://h/{}", count: 3, ...run })),
      await targetsOf("lines", "1\n2\n", { template: "http://h/{}", ...run }),
      await targetsOf("csv", "a\n1\n2\n", { template: "http://h/{a}", ...run }),
      await targetsOf("jsonl", '{"a":1}\n{"a":2}\n', { template: "http://h/{a}", ...run }),
    ]
  ) {
    for (const target of targets) {
      assertStrictEquals(target.headers, headers);
      assertStrictEquals(target.body, body);
    }
  }
  // A template in one of them leaves the other shared.
  const [one, two] = await all(
    await open({ template: "http://h/", count: 2, ...templated("{}"), body, method: "POST" }),
  );
  assertStrictEquals(one.body, two.body);
});

for (
  const [format, text, template] of [
    ["lines", "hun/ter2@#?:\n", "http://user:{}@h:0/"],
    ["csv", "id,pw\n1,hun/ter2@\n2,hunter2,more\n", "http://user:{pw}@h:0/{id}"],
    ["csv", "id,pw\n1,hun/ter2\n", "http://user:{+pw}@h/{id}"],
    [
      "jsonl",
      '{"id":1,"pw":"hun/ter2@"}\n{"pw":"hunter2"}\n{"pw":"hunter2',
      "http://u:{pw}@h:0/{id}",
    ],
    ["csv", "id,password\n1,hunter2,more\n", "http://h/{id}"],
    ["jsonl", '{"password":"hunter2"}\n{"api_key":"hunter2"\n', "http://h/{id}"],
  ] as ["lines" | "csv" | "jsonl", string, string][]
) {
  Deno.test(`openSource() shows no password of ${JSON.stringify(text)} for ${template}`, async () => {
    for (const { url, headers, invalid } of await targetsOf(format, text, { template })) {
      assert(invalid !== undefined, url);
      assert(!/hun|ter2/.test(JSON.stringify([url, headers, invalid])), `${url} ${invalid}`);
    }
  });
}

for (
  const [template, format] of [
    ["http://u:{hunter2}@h/", undefined],
    ["http://u:{hunter2}@h/", "lines"],
    ["http://u:{hunter2}@h/{id}", "csv"],
    ["http://u:{hunter2}@h/{id}", "jsonl"],
    ["http://u:{?hunter2}@h/", undefined],
    ["http://u:hunter2{@h/", undefined],
    ["http://u:hun/ter2@h/{id}", undefined],
    ["http://u:hun{{ter2@h:x/{}", undefined],
  ] as [string, "lines" | "csv" | "jsonl" | undefined][]
) {
  Deno.test(`openSource() repeats no piece of a password of ${template} for ${format}`, async () => {
    let shown: string;
    try {
      shown = format === undefined
        ? JSON.stringify(await all(await open({ template, count: 1 })))
        : outcomes(
          await targetsOf(format, format === "csv" ? "id\n1\n" : '{"id":1}\n', { template }),
        )
          .join();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      shown = error.message;
    }
    assert(shown !== "" && !/hun|ter2/.test(shown), shown);
  });
}

Deno.test("openSource() shows no value of a record that fills credentials", async () => {
  const field = ["Authorization", "Bearer {t}"] as const;
  const templates = {
    headers: new Map([[field, TextTemplate.parse(field[1], "header")]]),
    body: undefined,
  };
  for (
    const [format, text] of [["csv", "t,id\nhunter2\n"], ["jsonl", '{"t":"hunter2"}\n']] as const
  ) {
    const options = { template: "http://h/{id}", headers: [field], templates };
    const [{ url, invalid }] = await targetsOf(format, text, options);
    assertEquals(url, "http://h/{id}");
    assert(invalid !== undefined && !invalid.includes("hunter2"));
  }
});
