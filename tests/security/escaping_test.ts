import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse as parseCsv } from "@std/csv/parse";
import { formatMessage } from "../../lib/cli/print.ts";
import { quoteWord } from "../../lib/text/quote_word.ts";
import { formatNetscape, parseNetscape } from "../../lib/cookies/netscape.ts";
import { Jar } from "../../lib/cookies/jar.ts";
import { formatMetrics } from "../../lib/metrics/exposition.ts";
import { collectMetrics } from "../../lib/metrics/families.ts";
import { formatOtlp } from "../../lib/metrics/otlp.ts";
import { createCsvFormatter } from "../../lib/output/csv.ts";
import { createFailureFormatter } from "../../lib/output/failure_lines.ts";
import { STDOUT } from "../../lib/output/line_writer.ts";
import { createFormatter } from "../../lib/output/ndjson.ts";
import { SqliteOutput } from "../../lib/output/sqlite/sqlite_output.ts";
import { formatFrame } from "../../lib/progress/live/frame.ts";
import { formatSummary, toSummary } from "../../lib/report/json.ts";
import { formatJunit } from "../../lib/report/junit.ts";
import { formatMarkdown } from "../../lib/report/markdown.ts";
import { formatPage } from "../../lib/report/page/page.ts";
import { formatTable } from "../../lib/report/table.ts";
import type { Result } from "../../lib/result.ts";
import type { Snapshot } from "../../lib/stats/snapshot.ts";
import { formatBody, formatHead, formatNote } from "../../lib/transcript/format.ts";
import { SecretFilter } from "../../lib/transcript/secret_filter.ts";
import { beginCdxjLine, endCdxjLine } from "../../lib/warc/cdxj.ts";
import { flowFigures } from "../fixtures/flow_figures.ts";
import { folder } from "../fixtures/folder.ts";
import { HOSTILE_TEXTS } from "../fixtures/hostile_texts.ts";
import { sceneOf } from "../fixtures/live_scene.ts";
import { hostilePage } from "../fixtures/page_data.ts";
import { run } from "../fixtures/program.ts";
import { SNAPSHOT } from "../fixtures/report_snapshots.ts";
import { result } from "../fixtures/result.ts";
import { query } from "../fixtures/sqlite_file.ts";

/** What acts on a terminal, or turns text round there. */
const ACTS =
  // deno-lint-ignore no-control-regex
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/u;
/** Colors, which the program sets itself. */
// deno-lint-ignore no-control-regex
const COLORS = /\x1b\[\d*m/g;

/** A text of ordinary letters, beside which a hostile one is held. */
const PLAIN = "plain";

/** A place where texts of others are shown or stored. */
interface Sink {
  /** Puts a text into every place that the sink has for texts of others. */
  show(text: string): string | Promise<string>;
  /** Throws unless what is shown has the structure of the same with a plain text. */
  check(shown: string, plain: string, text: string): void;
}

/** Lines for a terminal: as many as with a plain text, and nothing that acts. */
function checkTerminal(shown: string, plain: string): void {
  const bare = shown.replace(COLORS, "");
  assert(!ACTS.test(bare), JSON.stringify(bare));
  assertEquals(bare.split("\n").length, plain.split("\n").length);
}

/** Lines in which long texts are broken between words. */
function checkBroken(shown: string): void {
  assert(!ACTS.test(shown.replace(COLORS, "")), JSON.stringify(shown));
}

/** The tags of a document, in their order, without values that are texts. */
function listTags(document: string): string[] {
  const bare = document.replace(/(<(script|style)>)[^]*?<\/\2>/g, "$1");
  return [...bare.matchAll(/<[^<>]*>/g)].map(([tag]) => tag.replace(/"[^"<>]*"/g, '""'));
}

function checkMarkup(shown: string, plain: string): void {
  assertEquals(listTags(shown), listTags(plain));
  const bare = shown.replace(/<script>[^]*?<\/script>/g, "");
  assertEquals(["\0", "\x1b", "\u2028", "\u202e"].filter((it) => bare.includes(it)), []);
}

/** JSON whose members are the same, and whose texts come back. */
function checkJson(shown: string, plain: string, text: string): void {
  const toShape = (value: unknown): unknown =>
    typeof value === "object" && value !== null
      ? Object.entries(value).map(([name, of]) => [name.replaceAll(text, PLAIN), toShape(of)])
      : typeof value;
  const parsed = JSON.parse(shown);
  assertEquals(toShape(parsed), toShape(JSON.parse(plain)));
  assert(JSON.stringify(parsed).includes(JSON.stringify(text).slice(1, -1)), shown);
}

function snapshotWith(text: string): Snapshot {
  const examples = [{ url: text, detail: text }];
  const reasons = [{ expectation: text, count: 1, examples }];
  return {
    ...SNAPSHOT,
    errors: { protocol: { count: 1, examples }, expect: { count: 1, examples, reasons } },
    top: 2,
    slowest: [{ i: 1, url: text, status: 200, ms: 1, at: 0 }],
    hosts: [{ host: text, requests: 1, failed: 1, meanMs: 0, maxMs: 0 }],
    aborted: text,
    flow: flowFigures(text),
    thresholds: [{ threshold: text, value: 1, bound: 1, unit: "ms", holds: true }],
  };
}

function toData(text: string) {
  const snapshot = snapshotWith(text);
  const { tolerated, total } = snapshot;
  return { summary: toSummary(snapshot, { version: "1" }), tolerated, total };
}

/** A failure whose texts of others are all the same. */
function resultWith(text: string): Result {
  return result({
    ...{ status: null, error: "protocol", detail: text, location: text, finalUrl: text },
    ...{ contentType: text, captures: [text] },
  }, { url: text, headers: [["X-A", text]], body: new TextEncoder().encode(text) });
}

const FORMAT = {
  fields: ["i", "url", "detail", "location", "final_url", "content_type", "a"],
  captures: ["a"],
  isForTerminal: false,
};

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

const SINKS: Readonly<Record<string, Sink>> = {
  "an error line": { show: (text) => `${formatMessage(text)}\n`, check: checkTerminal },
  "the table": {
    show: (text) => formatTable(toData(text), { color: true }),
    check: checkTerminal,
  },
  "the live view": {
    show: (text) =>
      formatFrame(sceneOf(snapshotWith(text)), { columns: 200, rows: 80 }, { color: true })
        .join("\n"),
    check: checkBroken,
  },
  "-v": {
    show: (text) => {
      const secrets = new SecretFilter();
      const start = { bytes: bytesOf("x" + text.replace(/[\r\n\0]/g, "")), coding: null };
      return formatNote(text) + formatHead("<", [`X-A: ${text}`, text], secrets) +
        formatBody("<", { ...start, totalBytes: start.bytes.length }, secrets);
    },
    check: (shown, plain) => checkTerminal(shown.replaceAll("\t", " "), plain),
  },
  "the page": { show: (text) => formatPage(hostilePage(text)), check: checkMarkup },
  "the summary as JUnit": {
    show: (text) => formatJunit({ ...toData(text), expectations: [text], problem: text }),
    check: checkMarkup,
  },
  "the summary as Markdown": {
    show: (text) => formatMarkdown(toData(text), text),
    check: (shown, plain) => {
      checkTerminal(shown, plain);
      // As many cells in each line, and nothing that is HTML or a link outside of code.
      const toCells = (page: string): number[] =>
        page.split("\n").map((line) => line.split(/(?<!\\)\|/).length);
      assertEquals(toCells(shown), toCells(plain));
      const bare = shown.replace(/(`+)[^]*?[^`]\1(?!`)/g, "").replace(/\\[^]/g, "");
      assert(!/[<>[\]]/.test(bare), bare);
    },
  },
  "the summary as JSON": {
    show: (text) => formatSummary(snapshotWith(text), { version: "1" }),
    check: (shown, plain, text) => {
      checkJson(shown, plain, text);
      assert(!ACTS.test(shown), shown);
    },
  },
  "a record of NDJSON": {
    // In UTF-8, half a character becomes another one.
    show: (text) => createFormatter(FORMAT)(resultWith(text)).toWellFormed(),
    check: (shown, plain, text) => {
      assertEquals(shown.split("\n").length, 2);
      checkJson(shown, plain, text.toWellFormed());
      assert(!ACTS.test(shown), shown);
    },
  },
  "a failed request": {
    show: (text) =>
      createFailureFormatter({ method: "GET", headers: [], body: undefined })(resultWith(text)),
    check: (shown, plain, text) => {
      assertEquals(shown.split("\n").length, 2);
      checkJson(shown, plain, text);
      assert(!ACTS.test(shown), shown);
    },
  },
  "a record of CSV": {
    show: (text) => createCsvFormatter(FORMAT).format(resultWith(text)),
    check: (shown, _plain, text) => {
      const records = parseCsv(shown) as string[][];
      assertEquals(records.length, 1);
      const texts = records[0].slice(1).map((field) => field.replace(/^'(?=[=+\-@\t\r])/, ""));
      assertEquals(texts, Array(6).fill(text.replace(/\r\n/g, "\n")));
      assert(!/^[=+\-@]/.test(records[0][1]));
    },
  },
  "metrics for Prometheus": {
    show: (text) => formatMetrics(snapshotWith(text), { version: text, startMs: 0 }),
    check: (shown, plain) => {
      const toNames = (page: string): string[] =>
        page.split("\n").map((line) => line.replace(/\{[^]*\}/, ""));
      assertEquals(toNames(shown), toNames(plain));
    },
  },
  "a metric of OpenTelemetry": {
    show: (text) =>
      formatOtlp(collectMetrics(snapshotWith(text), { version: "1", startMs: 0 }, new Map()), {
        version: text,
        instance: text,
        startMs: 0,
        nowMs: 1,
      }),
    check: checkJson,
  },
  "an index of an archive": {
    show: (text) => {
      const capture = { url: text, dateDigits: "2026", type: "response", mediaType: text };
      const line = beginCdxjLine({ ...capture, status: 200, digest: text } as never);
      return endCdxjLine(line, { filename: text, offset: 1, length: 2 });
    },
    check: (shown) => {
      assertMatch(shown, /^[!-~]* 2026\d{10} \{[ -~]*\}\n$/);
      JSON.parse(shown.split(" ").slice(2).join(" "));
    },
  },
};

for (const [sink, { show, check }] of Object.entries(SINKS)) {
  Deno.test(`${sink} takes hostile texts as texts`, async () => {
    const plain = await show(PLAIN);
    assert(plain.includes(PLAIN), "the sink shows the text at all");
    for (const [what, text] of Object.entries(HOSTILE_TEXTS)) {
      try {
        check(await show(text), plain, text);
      } catch (error) {
        throw new Error(`a text for ${what}: ${error instanceof Error ? error.message : error}`);
      }
    }
  });
}

Deno.test("a table of SQLite takes hostile texts as texts", async () => {
  await using dir = await folder();
  const texts = Object.values(HOSTILE_TEXTS);
  const path = dir.path("out.sqlite");
  const output = await SqliteOutput.open({
    ...FORMAT,
    // The user names a capture, and so a column.
    ...{ fields: [...FORMAT.fields, texts[7].replaceAll("\0", "")], path, name: "-o", gzip: false },
    captures: ["a", texts[7].replaceAll("\0", "")],
    file: STDOUT,
  });
  await output.cutTo(0);
  for (const text of texts) {
    await output.write({ ...resultWith(text), captures: [text, text] });
  }
  await output.sync();
  output.commit();
  await output.finish();
  await output.close();
  const rows = query(path, "SELECT * FROM records ORDER BY rowid");
  assertEquals(
    rows.map((row) => Object.values(row).slice(1)),
    // The runtime reads a text up to its first NUL; the file has all of it.
    texts.map((text) => Array(7).fill(text.toWellFormed().split("\0")[0])),
  );
  assertEquals(
    query(path, "SELECT hex(detail) AS hex FROM records ORDER BY rowid").map(({ hex }) => hex),
    texts.map((text) => bytesOf(text).toHex().toUpperCase()),
  );
  assertEquals(query(path, "SELECT name FROM sqlite_schema WHERE type = 'table'").length, 2);
});

Deno.test(
  "a shell takes each printed word as one word",
  { ignore: Deno.build.os === "windows" },
  async () => {
    const words = Object.values(HOSTILE_TEXTS).map((text) =>
      text.replaceAll("\0", "").toWellFormed()
    );
    await using dir = await folder();
    const script = `printf '%s\\0' ${words.map(quoteWord).join(" ")}`;
    const { stdout, stderr } = await run(["sh", "-c", script], { cwd: dir.path() });
    assertEquals([stderr, stdout.split("\0").slice(0, -1)], ["", words]);
    assertEquals([...Deno.readDirSync(dir.path())], []);
  },
);

Deno.test("a cookie jar takes hostile texts as texts, or not at all", () => {
  for (const text of Object.values(HOSTILE_TEXTS)) {
    const jar = new Jar();
    const url = "http://127.0.0.1/";
    jar.store(url, [`a=${text}; Path=/${text}`, `${text}=b`]);
    const lines = formatNetscape(jar.all());
    const cookies = parseNetscape(lines);
    assertEquals(cookies.length, jar.all().length);
    for (const line of lines.split("\n")) {
      assert(line === "" || line.startsWith("# ") || line.split("\t").length === 7, line);
    }
  }
});
