import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { readFromProcess, Variables } from "../../lib/options/environment.ts";
import { parseRun, parseSubmitted } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { createFailureFormatter } from "../../lib/output/failure_lines.ts";
import { packOptions, unpackOptions } from "../../lib/threads/packed_options.ts";
import { toUnsentResult } from "../../lib/result.ts";
import { target } from "../fixtures/target.ts";
import { readBody } from "../fixtures/read_body.ts";

const URL_ = "http://localhost/";
const VARIABLES: Record<string, string> = {
  KEY: 'hunter2 {x}"&',
  USER: "a@b:c",
  ENCODED: "p%40ss/x{#",
};
const readVariable = (name: string): string => VARIABLES[name];

const parse = async (...argv: string[]): Promise<RunOptions> =>
  await parseRun([...argv, URL_], "1", { readVariable }) as RunOptions;

function bodyOf({ body, templates }: Pick<RunOptions, "body" | "templates">): string {
  const text = templates?.body?.expand(() => "{7}");
  return typeof text === "string" ? text : new TextDecoder().decode(readBody(body));
}

Deno.test("{env:NAME} is filled in once, and is what every request has", async () => {
  const options = await parse(
    "-H",
    "X-Key: {env:KEY}",
    "-b",
    "k={env:USER|upper}",
    "-d",
    "k={env:KEY}",
  );
  assertEquals(options.templates, undefined);
  assertEquals(options.headers.slice(0, 2), [["X-Key", VARIABLES.KEY], ["Cookie", "k=A@B:C"]]);
  assertEquals(bodyOf(options), "k=hunter2%20%7Bx%7D%22%26");
});

for (
  const [data, body] of [
    ['{"k":"{env:KEY}","u":{env:USER}}', '{"k":"hunter2 {x}\\"&","u":"a@b:c"}'],
    [
      '{"k":"{env:KEY}","n":"{}","{env:USER}":{i:02}}',
      '{"k":"hunter2 {x}\\"&","n":"{7}","a@b:c":"{7}"}',
    ],
    ["k={+env:USER}&n={}", "k=a@b:c&n=%7B7%7D"],
    ["{{env:KEY}}", "{env:KEY}"],
  ]
) {
  Deno.test(`{env:NAME} is escaped in ${data}, also in a thread`, async () => {
    const options = await parse("-d", data);
    assertEquals(bodyOf(options), body);
    assertEquals(bodyOf(unpackOptions(structuredClone(packOptions(options)))), body);
  });
}

Deno.test("Variables.fillUrl() fills in user information only, and shows nothing else", () => {
  const variables = new Variables(readVariable);
  assertEquals(
    variables.fillUrl("http://{env:USER}:{env:KEY}@h/{}"),
    "http://a%40b:c:hunter2%20%7Bx%7D%22%26@h/{}",
  );
  assertEquals(variables.fillUrl("http://h/{}"), "http://h/{}");
  // As with the values of an input: one variable can hold both the name and the password.
  assertEquals(variables.fillUrl("http://{env:USER|upper}@h/"), "http://A%40B:C@h/");
  // What is encoded already is not encoded again, and nothing ends the user information.
  assertEquals(variables.fillUrl("http://{env:USER|urlencode}@h/"), "http://a%40b%3Ac@h/");
  assertEquals(variables.fillUrl("http://{+env:ENCODED}@h/"), "http://p%40ss%2Fx%7B%23@h/");
  assertEquals(
    variables.fillUrl("http://{{env:A}}@h/{{env:A}}"),
    "http://{{env:A}}@h/{{env:A}}",
  );
  for (
    const url of [
      "http://h/?k={env:KEY}",
      "http://{env:USER}@h/{+env:USER}",
      "{env:KEY}",
    ]
  ) {
    const { message } = assertThrows(() => variables.fillUrl(url), UsageError);
    assertStringIncludes(message, "records show the URL, and the value can be a secret");
  }
});

Deno.test("a failure's line does not hold the value of {env:NAME}", async () => {
  const options = await parse("-H", "X-Key: {env:KEY}", "-H", "X-Mix: {env:KEY}{}");
  const headers = options.headers.map((field) =>
    field[0] === "X-Mix" ? ["X-Mix", "hunter2"] as const : field
  );
  const result = toUnsentResult(target(URL_, { headers }), { error: "connect", detail: "" });
  const line = createFailureFormatter(options)(result);
  assertEquals(JSON.parse(line).headers, { "X-Mix": null });
  const { message } = await assertRejects(
    () => parse("--failures", "f", "-d", "{env:KEY}{}"),
    UsageError,
  );
  assertStringIncludes(message, "Cannot use '--failures' with {env:NAME} and other placeholders");
  await parse("--failures", "f", "--failures-with-secrets", "-d", "{env:KEY}{}");
});

Deno.test("workers of a cluster have the values of the submitter, sealed or plainly allowed", async () => {
  const argv = ["-H", "X-Key: {env:KEY}", "--cluster", "nats://127.0.0.1:1", URL_];
  const { message } = await assertRejects(() => parseRun(argv, "1", { readVariable }), UsageError);
  assertStringIncludes(message, "Cannot submit the values of {env:NAME} in clear");
  const submitted = await parseRun([...argv, "--cluster-plain"], "1", {
    readVariable,
  }) as RunOptions;
  const { command } = submitted.cluster!;
  assertEquals(command.variables, [{ name: "KEY", value: VARIABLES.KEY }]);
  assertEquals((await parseSubmitted(command, "1")).headers[0], ["X-Key", VARIABLES.KEY]);
  await assertRejects(() => parseSubmitted({ ...command, variables: [] }, "1"), UsageError);
});

Deno.test({
  name: "readFromProcess() says which permission is missing",
  permissions: { env: ["OTHER"] },
}, () => {
  const { message } = assertThrows(() => readFromProcess("MYRIAD_KEY"), UsageError);
  assertEquals(
    message,
    "Cannot read '{env:MYRIAD_KEY}': no permission: run with --allow-env=MYRIAD_KEY",
  );
});

Deno.test("readFromProcess() tells an empty variable from one that is not set", () => {
  assertThrows(() => readFromProcess("MYRIAD_NOT_SET"), UsageError, "the variable is not set");
  Deno.env.set("MYRIAD_EMPTY", "");
  try {
    assertEquals(readFromProcess("MYRIAD_EMPTY"), "");
  } finally {
    Deno.env.delete("MYRIAD_EMPTY");
  }
});
