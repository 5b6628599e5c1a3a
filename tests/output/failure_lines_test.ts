import { assertEquals } from "@std/assert";
import { createFailureFormatter } from "../../lib/output/failure_lines.ts";
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
