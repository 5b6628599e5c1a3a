import { assertEquals } from "@std/assert";
import { createFailureFormatter } from "../../lib/output/failure_lines.ts";
import type { Result } from "../../lib/result.ts";
import { TextTemplate } from "../../lib/source/text_template.ts";
import type { HeaderList } from "../../lib/target.ts";
import { escapeForTerminal } from "../../lib/text/escape.ts";
import { FAILED, OF_TERMINAL, TARGET } from "../fixtures/hostile_result.ts";

Deno.test("createFailureFormatter() escapes lines for a terminal", () => {
  const format = createFailureFormatter({ method: "GET", headers: [], body: undefined });
  const url = `http://h/${OF_TERMINAL}`;
  const line = format({ ...FAILED, target: { ...TARGET, url } });
  assertEquals(escapeForTerminal(line.slice(0, -1)), line.slice(0, -1));
  assertEquals(JSON.parse(line).url, url);
});

Deno.test("createFailureFormatter() gives the request's own fields without credentials", () => {
  const shared = ["User-Agent", "myriad"] as const;
  const run = { method: "GET", headers: [shared], body: undefined };
  const line = createFailureFormatter(run);
  assertEquals(
    line({ ...FAILED, target: { ...TARGET, headers: run.headers } }),
    '{"url":"http://localhost/17"}\n',
  );
  assertEquals(
    JSON.parse(line({
      ...FAILED,
      target: {
        ...TARGET,
        method: "POST",
        body: new TextEncoder().encode("ä"),
        headers: [shared, ["X-A", "1"], ["X-A", "2"], ["X-B", "3"], ["Authorization", "secret"], [
          "__proto__",
          "4",
        ]],
      },
    })),
    JSON.parse(
      '{"url":"http://localhost/17","method":"POST","headers":{"X-A":["1","2"],"X-B":"3","__proto__":"4"},"body":"ä"}',
    ),
  );
});

Deno.test("createFailureFormatter() gives all fields of a name that the request sets", () => {
  const shared = [["X-A", "run"], ["x-a", "{}"], ["X-B", "run"]] as const;
  const line = createFailureFormatter({ method: "GET", headers: shared, body: undefined });
  const headers = [shared[0], ["x-a", "7"], shared[2]] as const;
  assertEquals(JSON.parse(line({ ...FAILED, target: { ...TARGET, headers } })).headers, {
    "X-A": "run",
    "x-a": "7",
  });
});

const SECRET = ["Authorization", "Bearer secret"] as const;

Deno.test("createFailureFormatter() keeps credentials if the user asks for them", () => {
  const ofRun = ["X-Key", "{token}"] as const;
  const templates = {
    headers: new Map([[ofRun, TextTemplate.parse("{token}", "header")]]),
    body: undefined,
  };
  const run = { method: "GET", headers: [ofRun], body: undefined, templates };
  const headers = [["X-Key", "filled in"], SECRET] as const;
  const result = { ...FAILED, target: { ...TARGET, headers } };
  const line = createFailureFormatter({ ...run, failuresWithSecrets: true })(result);
  assertEquals(JSON.parse(line).headers, {
    "X-Key": "filled in",
    Authorization: "Bearer secret",
  });
  assertEquals(JSON.parse(createFailureFormatter(run)(result)).headers, { "X-Key": null });
});

Deno.test("createFailureFormatter() says once that it leaves out credentials of a request", () => {
  const ofRun = ["Cookie", "of the run"] as const;
  let count = 0;
  const format = createFailureFormatter({
    method: "GET",
    headers: [ofRun],
    body: undefined,
    onWithheld: () => count++,
  });
  const request = (headers: HeaderList): Result => ({ ...FAILED, target: { ...TARGET, headers } });
  format(request([ofRun, ["X-A", "1"]]));
  // It is no failure.
  format({ ...request([ofRun, SECRET]), error: undefined });
  assertEquals(count, 0);
  for (let k = 0; k < 3; k++) format(request([ofRun, SECRET]));
  assertEquals(count, 1);
});
