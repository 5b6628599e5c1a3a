import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { checkEnding } from "../../lib/cli/file_endings.ts";
import { report } from "../../lib/commands/report/command.ts";
import { serve } from "../../lib/commands/serve/command.ts";
import { UsageError } from "../../lib/errors.ts";
import { parseRun } from "../../lib/options/parse.ts";
import { folder } from "../fixtures/folder.ts";
import { finish, start } from "../fixtures/program.ts";

const formatOf = async (...args: string[]): Promise<[string, boolean]> => {
  const options = await parseRun(["http://h/", ...args], "0");
  if (typeof options === "string") throw new Error(options);
  return [options.output!.format, options.output!.gzip];
};

for (
  const [args, expected] of [
    [["-o", "x.ndjson"], ["ndjson", false]],
    [["-o", "x.jsonl"], ["ndjson", false]],
    [["-o", "x.json"], ["ndjson", false]],
    [["-o", "X.CSV"], ["csv", false]],
    [["-o", "x.csv.gz"], ["csv", true]],
    [["-o", "x.gz"], ["ndjson", true]],
    [["-o", "x.ndjson.gz"], ["ndjson", true]],
    [["-o", "-"], ["ndjson", false]],
    // These promise nothing.
    [["-o", "x"], ["ndjson", false]],
    [["-o", "x.out"], ["ndjson", false]],
    [["-o", "x.txt"], ["ndjson", false]],
    [["-o", "x.log.gz"], ["ndjson", true]],
    [["-o", "a.parquet/x"], ["ndjson", false]],
    [["-o", "x.parquet.1"], ["ndjson", false]],
    // The user says what it is.
    [["-o", "x.tsv", "--format", "csv"], ["csv", false]],
    [["-o", "x.db.gz", "--format", "ndjson"], ["ndjson", true]],
  ] as const
) {
  Deno.test(`parseRun() writes ${args.join(" ")} as ${expected[0]}`, async () => {
    assertEquals(await formatOf(...args), [...expected]);
  });
}

for (
  const [args, ending, how] of [
    [["-o", "x.zst"], ".zst", "use .ndjson, .parquet, .sqlite or .csv; .gz compresses"],
    [["-o", "x.csv.zst"], ".zst", "use .ndjson, .parquet, .sqlite or .csv"],
    [["-o", "x.csv.zst", "--format", "csv"], ".zst", ".gz compresses"],
    [["-o", "x.tsv"], ".tsv", "use .ndjson, .parquet, .sqlite or .csv"],
    [["-o", "out/x.XLSX"], ".xlsx", "use .ndjson, .parquet, .sqlite or .csv"],
    [["-o", "x.warc.gz"], ".warc", "use '--save-bodies FILE.warc.gz' for a web archive"],
    [["-o", "x.html"], ".html", "use .ndjson, .parquet, .sqlite or .csv"],
    [["--failures", "x.csv"], ".csv", "use .jsonl or .ndjson"],
    [["--failures", "x.jsonl.gz"], ".gz", "use .jsonl or .ndjson"],
    [["--summary", "x.yaml"], ".yaml", "use .json, .md or .xml"],
    [["--summary", "x.json.gz"], ".gz", "use .json"],
    [["--summary", "x.html"], ".html", "use .json"],
    [["--hdr", "x.csv"], ".csv", "use .txt"],
    [["--report", "x.txt"], ".txt", "use .html or .htm"],
    [["--report", "x.pdf"], ".pdf", "use .html or .htm"],
    [["--cookie-jar=x.sqlite"], ".sqlite", "use .txt"],
    [["--save-bodies", "x.warc.zst"], ".zst", "use .warc; .gz compresses"],
  ] as const
) {
  Deno.test(`parseRun() rejects ${args.join(" ")} with a message`, async () => {
    const { message } = await assertRejects(() => formatOf(...args), UsageError);
    assertEquals(
      message.includes(`the ending '${ending}' is not supported: ${how}`),
      true,
      message,
    );
  });
}

for (
  const [args, use] of [
    [["-o", "csv"], "--output results.csv"],
    [["-o", "json"], "--output results.json"],
    [["--summary", "json"], "--summary results.json"],
  ] as const
) {
  Deno.test(`parseRun() takes ${args.join(" ")} for the name of a format`, async () => {
    const { message } = await assertRejects(() => formatOf(...args), UsageError);
    assertEquals(
      message.includes(`did you mean '${use}'? './${args[1]}' is a file`),
      true,
      message,
    );
  });
}

Deno.test("parseRun() accepts a format's name for a file that is there, or that is meant", async () => {
  assertEquals(await formatOf("-o", "./csv"), ["ndjson", false]);
  assertEquals(await formatOf("-o", "csv", "--format", "csv"), ["csv", false]);
  await using dir = await folder();
  await dir.write("csv", "");
  const { stderr } = await finish(
    start(["-o", "csv", "http://127.0.0.1:1/"], { cwd: dir.path("") }),
  );
  assertEquals(stderr.includes("format"), false, stderr);
});

Deno.test("report and serve refuse a file name with another format's ending", async () => {
  const context = { version: "0", color: false };
  await assertRejects(() => report(["x", "--report", "x.pdf"], context), UsageError, "'.pdf'");
  await assertRejects(() => report(["x", "--report", "x.txt"], context), UsageError, "'.txt'");
  await assertRejects(() => serve(["--access-log", "x.gz"]), UsageError, "use .ndjson or .jsonl");
});

Deno.test("checkEnding() looks at the last name of a path with any separator", () => {
  const formats = ["svg"];
  for (const path of ["x.svg", "x", "x.png/y", "x.png\\y", ".svg", "x.SVG", "x.svg."]) {
    checkEnding(path, "--plot", { formats });
  }
  for (const path of ["x.png", "y/.png", "y\\x.PNG"]) {
    assertThrows(() => checkEnding(path, "--plot", { formats }), UsageError, "'.png'");
  }
});
