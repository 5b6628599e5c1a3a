import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import { attemptLater, type FuzzTarget, hold } from "../target.ts";

/** Flags whose files would be read, or that would ask somebody. */
const OUTSIDE = /"(?:flow|input|cluster[\w-]*|user|proxy-user|otlp[\w-]*|password[\w-]*)"\s*:/;
/** The maximum number of characters of an error. */
const MAX_MESSAGE = 20_000;

export const target: FuzzTarget = {
  reads: "files of --config, as a run reads all of its flags",
  seeds: [
    '{"url":"http://h/{}","requests":"1M","concurrency":10,"rate":"100/s","timeout":"5s"}',
    '{"url":"http://h/","header":["A: b","C: {i}"],"data":"{\\"a\\":1}","method":"PUT","retries":3}',
    '{"url":"http://h/","expect-status":[200,"3xx"],"expect-body":"^a","threshold":["p99<5ms","failed<1%"]}',
    '{"url":"http://h/","capture":["a=header:ETag","b=regex:(x+)","c=json:/a/0"],"output":"x.csv"}',
    '{"url":"http://h/","stages":"10s:100,1m:0","host-rate":5,"resolve":["h:80:127.0.0.1"],"max-body":"1k"}',
    '{"url":"http://h/","fail":true,"silent":false,"shard":"1/3","think":"1s-2s","connect-to":["::h:80"]}',
  ],
  tokens: [
    '"',
    ":",
    ",",
    "{",
    "}",
    "[",
    "]",
    "true",
    "null",
    "\\ud800",
    '"url"',
    "1k",
    "1s",
    "://",
    "@",
  ],
  maxSteps: (bytes) => 3_000_000 + 2_000 * bytes,

  async run(input) {
    if (OUTSIDE.test(new TextDecoder().decode(input))) return "";
    // No file is there but this one.
    const readFile = (path: string): Promise<Uint8Array<ArrayBuffer>> => {
      if (path === "config.json") return Promise.resolve(input.slice());
      throw new UsageError("no such file");
    };
    const context = { readFile, readVariable: () => "value", askPassword: refuse };
    const read = await attemptLater(
      () => parseRun(["--config", "config.json"], "1", context),
      UsageError,
    );
    if ("error" in read) {
      hold(read.error.length <= MAX_MESSAGE, "a message is too long");
      return read.error;
    }
    return JSON.stringify(read.value, (_, value) => typeof value === "bigint" ? `${value}` : value);
  },
};

function refuse(): Promise<string> {
  throw new UsageError("nobody is asked");
}
