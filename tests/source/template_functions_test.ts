import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import type { Lookup } from "../../lib/source/lookup.ts";
import { createFailureFormatter } from "../../lib/output/failure_lines.ts";
import { toUnsentResult } from "../../lib/result.ts";
import { checkCall, isComputed, TemplateFunctions } from "../../lib/source/template_functions.ts";
import { TextTemplate } from "../../lib/source/text_template.ts";
import { UrlTemplate } from "../../lib/source/url_template.ts";
import { all, open, targetsOf } from "../fixtures/sources.ts";
import { readBody } from "../fixtures/read_body.ts";

const NOW_MS = Date.UTC(2026, 1, 3, 4, 5, 6, 789);
const ofLine: Lookup = (name) => ({ "": " Ab/ä ", name: "N" })[name];

/** The value of a placeholder for a request. */
async function valueOf(name: string, i = 7, seed = "a"): Promise<string | undefined> {
  const functions = await TemplateFunctions.open([name], seed, () => NOW_MS);
  return functions!.at(i, ofLine)(name);
}

for (
  const [name, value] of [
    ["i", "7"],
    ["i:08", "00000007"],
    ["i+1000", "1007"],
    ["i+1000:06", "001007"],
    ["i:01", "7"],
    ["now", "2026-02-03T04:05:06.789Z"],
    ["now:iso", "2026-02-03T04:05:06.789Z"],
    ["now:date", "2026-02-03"],
    ["now:unix", `${Math.floor(NOW_MS / 1000)}`],
    ["now:ms", `${NOW_MS}`],
    ["line", " Ab/ä "],
    ["line|trim", "Ab/ä"],
    ["|lower", " ab/ä "],
    ["line|trim|upper", "AB/Ä"],
    ["line|urlencode", "%20Ab%2F%C3%A4%20"],
    ["line|trim|base64", "QWIvw6Q="],
    ["name|lower", "n"],
    ["other|lower", undefined],
    ["random:5-5", "5"],
    ["random:9007199254740991-9007199254740991", "9007199254740991"],
  ] as const
) {
  Deno.test(`TemplateFunctions gives ${value} for {${name}}`, async () => {
    assertEquals(await valueOf(name), value);
  });
}

Deno.test("TemplateFunctions counts on behind 2^53", async () => {
  assertEquals(await valueOf("i+999999999999999", Number.MAX_SAFE_INTEGER), "10007199254740990");
});

Deno.test("TemplateFunctions draws by the seed, the number and the placeholder alone", async () => {
  for (const [name, other] of [["uuid", "uuid:b"], ["random:1-1000000", "random:1-1000000:b"]]) {
    const first = await valueOf(name);
    assertEquals(await valueOf(name), first);
    assertEquals((await valueOf(`${name}|upper`))!.toLowerCase(), first);
    const others = [
      valueOf(other),
      valueOf(name, 8),
      valueOf(name, 7, "b"),
      valueOf(name, 2 ** 32 + 7),
    ];
    const values = [first, ...await Promise.all(others)];
    assertEquals(new Set(values).size, values.length, `${values}`);
  }
});

Deno.test("{uuid} has the form of RFC 9562, and no two of 100,000 are the same", async () => {
  const functions = await TemplateFunctions.open(["uuid"], "s");
  const seen = new Set<string>();
  for (let i = 0; i < 100_000; i++) seen.add(functions!.at(i, ofLine)("uuid")!);
  assertEquals(seen.size, 100_000);
  for (const uuid of [...seen].slice(0, 1_000)) {
    assertMatch(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});

Deno.test("{random:A-B} gives each value about as often, and both ends", async () => {
  const functions = await TemplateFunctions.open(["random:1-10", "random:1-10:b"], "s");
  const counts = new Array(11).fill(0);
  let same = 0;
  for (let i = 0; i < 100_000; i++) {
    const lookup = functions!.at(i, ofLine);
    counts[Number(lookup("random:1-10"))]++;
    if (lookup("random:1-10") === lookup("random:1-10:b")) same++;
  }
  assertEquals(counts[0], 0);
  // 6 standard deviations.
  for (const count of [...counts.slice(1), same]) {
    assert(Math.abs(count - 10_000) < 570, `${counts}`);
  }
});

Deno.test("{now} is the same time in all places of a request", async () => {
  let ms = NOW_MS;
  const functions = await TemplateFunctions.open(["now:ms", "now"], "", () => ms++);
  const lookup = functions!.at(0, ofLine);
  assertEquals([lookup("now:ms"), lookup("now")], [`${NOW_MS}`, new Date(NOW_MS).toISOString()]);
  assertEquals(functions!.at(1, ofLine)("now:ms"), `${NOW_MS + 1}`);
});

Deno.test("TemplateFunctions.open() gives nothing where nothing is computed", async () => {
  assertEquals(await TemplateFunctions.open(["", "name", "uuids", "i-1", "random"], ""), undefined);
});

Deno.test("isComputed() takes filters only of what is there", () => {
  const isThere = (name: string): boolean => name === "a";
  for (const name of ["uuid", "i+1", "uuid|upper", "a|lower", "|lower", "line"]) {
    assertEquals(isComputed(name, isThere), true, name);
  }
  for (const name of ["b|lower", "a|nonsense", "a", "random:1-2x"]) {
    assertEquals(isComputed(name, isThere), false, name);
  }
});

for (
  const [name, words] of [
    ["random:5", "'{random:…}': use {random:1-100}"],
    ["random:6-5", "'{random:…}': use {random:1-100}"],
    ["random:0-9007199254740992", "'{random:…}': use {random:1-100}"],
    ["uuid:", "'{uuid:…}': use {uuid}"],
    ["now:later", "'{now:…}': use {now}, or {now:FORMAT} with iso, date, unix, ms"],
    ["i:8", "'{i:…}': use {i}, {i+1000}, {i:08}"],
    ["i+1:x", "'{i+…}': use {i}, {i+1000}, {i:08}"],
    ["env:1a", "'{env:…}': use {env:NAME}"],
    ["a|lowr", "'{…|…}': use one of the filters lower, upper"],
    ["a|constructor", "'{…|…}': use one of the filters lower, upper"],
  ]
) {
  Deno.test(`a template refuses {${name}}`, () => {
    for (const check of [checkCall, (name: string) => TextTemplate.parse(`x{${name}}`)]) {
      const { message } = assertThrows(() => check(name), UsageError);
      assert(message.startsWith(`Cannot read the placeholder ${words}`), message);
      assert(message.endsWith("; for braces as they are, write {{ and }}"), message);
    }
    // A column can have a name with '|'.
    if (!name.includes("|")) {
      assertThrows(() => UrlTemplate.parse(`http://h/{${name}}`), UsageError);
    }
    assertEquals(TextTemplate.parse(`x{{${name}}}`).start, `x{${name}}`);
  });
}

Deno.test("a template has functions in URL, header fields and body, with the same values", async () => {
  const body = TextTemplate.parse('{"id":"{uuid}","n":{random:1-9},"z":{i:03},"l":{line}}', "json");
  const [header] = [["X-Id", "{uuid}"] as const];
  const options = {
    template: "http://h/{uuid}?n={random:1-9}&l={line}",
    headers: [header],
    body: new Uint8Array(),
    templates: { headers: new Map([[header, TextTemplate.parse("{uuid}", "header")]]), body },
    seed: "s",
  };
  const of = async (targets: Awaited<ReturnType<typeof targetsOf>>) =>
    await Promise.all(targets.map(({ url, headers, body }) => ({
      url,
      id: headers[0][1],
      body: JSON.parse(new TextDecoder().decode(readBody(body))),
    })));
  const [first] = await of(await targetsOf("lines", 'a"&\nb\n', options));
  assertEquals(first.body, { id: first.id, n: Number(first.body.n), z: "000", l: 'a"&' });
  assertEquals(first.url, `http://h/${first.id}?n=${first.body.n}&l=a%22%26`);
  const [again] = await of(await targetsOf("lines", 'a"&\n', options));
  assertEquals(again, first);
  // Without an input, the line is the number.
  const [number] = await of(await all(await open({ ...options, count: 1 })));
  assertEquals([number.id, number.body.l], [first.id, 0]);
});

Deno.test("a field of the record comes before the function of its name", async () => {
  const options = { template: "http://h/{uuid}/{i}/{name|upper}" };
  const [csv] = await targetsOf("csv", "uuid,name\nmine,ada\n", options);
  assertEquals(csv.url, "http://h/mine/0/ADA");
  const [given, drawn, missing] = await targetsOf(
    "jsonl",
    '{"uuid":"mine","name":"ada","i":5}\n{"name":"bob"}\n{}\n',
    options,
  );
  assertEquals(given.url, "http://h/mine/5/ADA");
  assertMatch(drawn.url, /^http:\/\/h\/[0-9a-f-]{36}\/1\/BOB$/);
  assertEquals(missing.invalid, "line 3: the record has no field 'name|upper'");
});

for (
  const [format, template, words] of [
    [
      "lines",
      "http://h/{name|lower}",
      "Cannot fill '{name|lower}' of the URL: a line has no fields",
    ],
    ["csv", "http://h/{name|lower}", "it has no column 'name|lower'"],
    ["csv", "http://h/{uuid|lowr}", "it has no column 'uuid|lowr'"],
  ] as const
) {
  Deno.test(`openSource() refuses ${template} for ${format}, which nothing fills`, async () => {
    const error = await targetsOf(format, "id\n1\n", { template }).catch((error) => error);
    assert(error instanceof UsageError && error.message.includes(words), `${error}`);
  });
}

Deno.test("a line of --failures makes the same request again, whatever the new run draws", async () => {
  const [header] = [["X-Id", "{uuid}"] as const];
  const templates = {
    headers: new Map([[header, TextTemplate.parse("{uuid}", "header")]]),
    body: TextTemplate.parse("n={random:1-1000000}&i={i}", "form"),
  };
  const run = { method: "POST", headers: [header], body: new Uint8Array(), templates };
  const [sent] = await all(
    await open({ ...run, template: "http://h/{uuid}", seed: "a", start: 5, count: 1 }),
  );
  const failed = toUnsentResult(sent, { error: "connect", detail: "" });
  const line = createFailureFormatter(run)(failed);
  const [again] = await targetsOf("jsonl", line, { ...run, seed: "b" });
  assertEquals({ ...again, i: sent.i }, sent);
});

Deno.test("a value that a filter has percent-encoded is not encoded again", () => {
  const lookup: Lookup = () => "%20";
  assertEquals(
    UrlTemplate.parse("http://h/?q={a|urlencode}&r={a}").fill(lookup),
    "http://h/?q=%20&r=%2520",
  );
  assertEquals(TextTemplate.parse("q={a|urlencode}&r={a}", "form").expand(lookup), "q=%20&r=%2520");
  assertEquals(TextTemplate.parse('{"q":{a|urlencode}}', "json").expand(lookup), '{"q":"%20"}');
});
