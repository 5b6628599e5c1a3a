import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";

const parse = async (...args: string[]): Promise<RunOptions> =>
  await parseRun(["http://host/", ...args], "1.2.3") as RunOptions;

Deno.test("--save-bodies is an archive by its ending, and a folder otherwise", async () => {
  const { saveBodies, archive } = await parse(
    ...[
      "--save-bodies",
      "x.WARC.gz",
      "--warc-size",
      "2k",
      "--dedupe",
      "-H",
      "Authorization: secret",
    ],
  );
  assertEquals(saveBodies, undefined);
  assertEquals(archive, {
    path: "x.WARC.gz",
    gzip: true,
    sizeBytes: 2048,
    isSynced: true,
    dedupe: true,
    cdx: false,
    software: "myriad/1.2.3",
    command: "myriad --save-bodies x.WARC.gz --warc-size 2k --dedupe " +
      "--header 'Authorization: …' http://host/",
  });
  const plain = (await parse("--save-bodies", "x.warc")).archive;
  assertEquals([plain?.gzip, plain?.sizeBytes, plain?.dedupe], [false, 2 ** 30, false]);
  const unsynced = await parse("--save-bodies", "x.warc", "--sync", "never", "-o", "x.ndjson");
  assertEquals(unsynced.archive?.isSynced, false);
  const folder = await parse("--save-bodies", "x.warc.d");
  assertEquals([folder.saveBodies, folder.archive], ["x.warc.d", undefined]);
});

Deno.test("flags of archives are refused without one, and so is what cannot write one", async () => {
  for (
    const [args, message] of [
      [
        ["--save-bodies", "b", "--dedupe"],
        "'--dedupe' needs a web archive: use '--save-bodies FILE.warc.gz' instead of " +
        "'--save-bodies b'",
      ],
      [["--save-bodies", "b", "--warc-size", "1M"], "'--warc-size' needs a web archive"],
      [["--dedupe"], "'--dedupe' needs '--save-bodies'"],
      [
        ["--save-bodies", "x.warc", "--warc-size", "0"],
        "Cannot use '--warc-size 0': use 1 or more",
      ],
      [["--save-bodies", "x.gz"], "use .warc.gz for a web archive, or the name of a folder"],
      [["--save-bodies", "x.warc.zst"], "the ending '.zst' is not supported"],
      [["--save-bodies", "x.warc", "--engine", "fetch"], "with '--engine fetch'"],
      [["--save-bodies", "-"], "'--save-bodies' cannot go to standard output"],
    ] as const
  ) await assertRejects(() => parse(...args), UsageError, message);
});
