import { readInput } from "../read_input.ts";
import { type FuzzTarget, holdEqual } from "../target.ts";

const TEMPLATES = [undefined, "http://h/{id}?q={id|upper}", "http://h/base/"];

export const target: FuzzTarget = {
  reads:
    "inputs of JSON lines, in pieces: URLs, methods, fields, bodies and expectations of records",
  seeds: [
    '0{"url":"http://h/1","method":"post","headers":{"A":["b",1]},"body":{"c":[1]}}\n',
    '1{"id":12345678901234567890}\n{"id":null}\n{"id":"\\ud800"}\n[1]\nnull\n',
    '2{"url":"../x?y"}\n{"url":5}\n{}\n{"url":"//other/"}',
    '0{"url":"http://h/","expect":{"status":["2xx",404],"body":"^a+$","latency":"1s"}}\n',
    '0{"url":"http://h/","expect":{"headers":{"a":"b"},"sha256":"x","x":1}}\n  not JSON @ token\n',
    '0{"url":"http://h/","headers":{"Authorization":null,"x y":"z"},"body":"text"}\n',
  ],
  tokens: [
    '"url":',
    '"headers":',
    '"body":',
    '"expect":',
    "null",
    "{",
    "}",
    "[",
    "]",
    '"',
    "\\u",
    "\n",
    "@",
  ],
  maxBytes: 8_192,
  maxSteps: (bytes) => 100_000 + 1_000 * bytes,

  async run(input) {
    const template = TEMPLATES[(input[0] ?? 0) % TEMPLATES.length];
    const result = await readInput(input.subarray(1), "jsonl", { template });
    if ("error" in result) return result.error;
    const { records, targets } = result.value;
    for (const [k, text] of targets.entries()) {
      const { invalid, method, url } = JSON.parse(text);
      if (invalid !== undefined) continue;
      const record = JSON.parse(records[k]);
      if (record.method != null) {
        holdEqual(method.toUpperCase(), record.method.toUpperCase(), "method");
      }
      if (template === undefined) {
        const bare = new URL(record.url.trim());
        holdEqual(new URL(url).host, bare.host, "the host changes");
      }
    }
    return JSON.stringify(result.value);
  },
};
