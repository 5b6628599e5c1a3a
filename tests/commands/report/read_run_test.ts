import { assertEquals } from "@std/assert";
import { review } from "../../../lib/commands/report/read_run.ts";
import { OUTPUT_FORMAT_NAMES } from "../../../lib/output/formats.ts";
import { DEFAULT_FIELDS } from "../../../lib/output/record.ts";
import { roundSummary, toSummary } from "../../../lib/report/json.ts";
import { ERROR_KINDS, type Result } from "../../../lib/result.ts";
import { type Moment, Stats } from "../../../lib/stats/stats.ts";
import { folder } from "../../fixtures/folder.ts";
import { generator } from "../../fixtures/random_json.ts";
import { result as resultWith } from "../../fixtures/result.ts";
import { writeRecords } from "../../fixtures/write_records.ts";

/** Requests to many hosts, of which some fail; in whole microseconds, as records have them. */
function* results(): Generator<Result> {
  const random = generator(8);
  for (let i = 0; i < 3_000; i++) {
    const hasFailed = i % 11 === 0;
    const url = `http://h${random(30)}.test:8080/"${i}",?x`;
    yield resultWith({
      at: Date.UTC(2026) + i,
      ms: random(500_000) / 1000,
      ttfbMs: i / 1000,
      via: { remote: null, dnsMs: null, connectMs: i / 500, tlsMs: null },
      isReused: i % 2 === 0,
      status: hasFailed ? null : 200 + i % 3,
      error: hasFailed ? ERROR_KINDS[random(5)] : undefined,
      detail: hasFailed ? `=no answer within ${random(9)} ms, "${i % 2 ? "a" : "b\n"}"` : undefined,
    }, { i, url });
  }
}

for (const format of OUTPUT_FORMAT_NAMES) {
  Deno.test(`review() counts hosts, slowest responses and messages as the run does (${format})`, async () => {
    await using dir = await folder();
    const stats = new Stats({ top: 25 });
    const fields = [...DEFAULT_FIELDS, "dns_ms", "connect_ms", "ttfb_ms"];
    for (const result of results()) stats.record(result);
    const own = stats.snapshot({} as Moment);
    const path = dir.path("records");
    await writeRecords(path, format, fields, results());
    const reviewed = await review([path], 25);
    const summary = roundSummary(toSummary({ ...own, thresholds: [], aborted: undefined }, {
      version: "1",
    }));
    assertEquals(reviewed.summary.slowest, summary.slowest);
    assertEquals(reviewed.summary.hosts, summary.hosts);
    // The records have no `tls_ms`.
    const { tls, ...phases } = summary.phases_ms;
    assertEquals([tls, phases.dns, phases.ttfb?.count], [null, null, own.succeeded]);
    assertEquals(reviewed.summary.phases_ms, phases);
    assertEquals(reviewed.summary.phase_histograms, summary.phase_histograms);
    assertEquals([summary.slowest!.length, summary.hosts!.length], [25, 26]);
    const { slowest, hosts } = (await review([path])).summary;
    assertEquals([slowest, hosts], [undefined, undefined]);
    assertEquals([reviewed.invalidLines, reviewed.summary.requests], [0, own.requests]);
    assertEquals(reviewed.slowest, own.slowest);
    assertEquals(reviewed.messages, own.messages);
    assertEquals(reviewed.summary.errors, own.errors);
    assertEquals(reviewed.summary.statuses, own.statuses);
    assertEquals(reviewed.hosts, own.hosts);
  });
}
