import { assert, assertEquals } from "@std/assert";
import { parseFlags } from "../../lib/cli/parse_flags.ts";
import { redactCommand } from "../../lib/options/redact_command.ts";
import { RUN_FLAGS } from "../../lib/options/table.ts";

const HIDDEN: [args: string[], shown: string][] = [
  [["http://host/{}", "-n", "10k"], "myriad --requests 10k 'http://host/{}'"],
  [["http://name:hunter2@host/?token=hunter2&a=1"], "myriad 'http://host/?token=…&a=1'"],
  [["-u", "name:hunter2", "http://h/"], "myriad --user '…' http://h/"],
  [["-u", "@secret.txt", "http://h/"], "myriad --user @secret.txt http://h/"],
  [["-u", "@name:hunter2", "http://h/"], "myriad --user '@…' http://h/"],
  [
    [
      "-H",
      "Authorization: Bearer hunter2",
      "-H",
      "X-Api-Key:hunter2",
      "-H",
      "Accept: a/b",
      "http://h/",
    ],
    "myriad --header 'Authorization: …' --header 'X-Api-Key: …' --header 'Accept: a/b' http://h/",
  ],
  [
    ["-i", "https://h/list?token=hunter2&a=1", "-i", "a.txt"],
    "myriad --input 'https://h/list?token=…&a=1' --input a.txt",
  ],
  [["-H", "@fields.txt", "http://h/"], "myriad --header @fields.txt http://h/"],
  [["-b", "id=hunter2", "-b", "@jar", "http://h/"], "myriad --cookie '…' --cookie @jar http://h/"],
  [["-d", '{"password":"hunter2"}', "http://h/"], "myriad --data '…' http://h/"],
  [["-d", "@body.json", "http://h/"], "myriad --data @body.json http://h/"],
  [
    ["-x", "http://name:hunter2@proxy:3128", "http://h/"],
    "myriad --proxy http://proxy:3128 http://h/",
  ],
  [
    ["-x", "http://name:hunter2@proxy:3128/?token=hunter2", "http://h/"],
    "myriad --proxy 'http://proxy:3128/?token=…' http://h/",
  ],
  [
    ["--otlp", "http://name:hunter2@h/v1/metrics?api_key=hunter2", "http://h/"],
    "myriad --otlp 'http://h/v1/metrics?api_key=…' http://h/",
  ],
  [
    ["--referer", "http://name:hunter2@h/?token=hunter2", "http://h/"],
    "myriad --referer 'http://h/?token=…' http://h/",
  ],
  [["-x", "name:hun@ter2@proxy:3128", "http://h/"], "myriad --proxy proxy:3128 http://h/"],
  [
    ["--expect-header", "Set-Cookie: id=hunter2", "http://h/"],
    "myriad --expect-header 'Set-Cookie: …' http://h/",
  ],
  [
    ["--cookie-jar=my jar", "--resume=force", "http://h/"],
    "myriad '--cookie-jar=my jar' --resume=force http://h/",
  ],
  [["--threshold", "p99<1s", "it's"], `myriad --threshold 'p99<1s' 'it'\\''s'`],
];

for (const [args, shown] of HIDDEN) {
  Deno.test(`redactCommand() gives ${shown} for ${args.join(" ")}`, () => {
    assertEquals(redactCommand(parseFlags(RUN_FLAGS, args, "myriad")), shown);
  });
}

Deno.test("redactCommand() gives a bounded text", () => {
  const args = [
    "-i",
    "i".repeat(10_000),
    ...Array(500).fill(["-H", "a: " + "b".repeat(99)]).flat(),
  ];
  const { length } = redactCommand(parseFlags(RUN_FLAGS, args, "myriad"));
  assert(length <= 4_000, `${length}`);
});
