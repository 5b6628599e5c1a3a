import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { PageData } from "../../../lib/report/page/data.ts";
import { formatPage } from "../../../lib/report/page/page.ts";
import { pageScript, SHARED } from "../../../lib/report/page/script.ts";
import { HOSTILE } from "../../fixtures/hostile_markup.ts";
import { hostilePage, largestPage, pageData } from "../../fixtures/page_data.ts";
import { workerFigures } from "../../fixtures/workers.ts";

Deno.test("formatPage() escapes hostile texts", async () => {
  const tagsOf = (page: string): Record<string, number> => {
    const tags: Record<string, number> = {};
    // What is left when our own texts, which the policy knows by their hashes, are taken out.
    const bare = page.replace(/(<(script|style)>)[^]*?<\/\2>/g, "$1");
    for (const [tag] of bare.matchAll(/<[^<>]*>/g)) {
      const name = tag.replace(/ (?:content|aria-label|width)="[^"<>]*"/g, "");
      tags[name] = (tags[name] ?? 0) + 1;
    }
    return tags;
  };
  const harmless = tagsOf(await formatPage(hostilePage("x")));
  const page = await formatPage(hostilePage(HOSTILE));
  const hostile = tagsOf(page);
  for (const status of ["sx", "s&quot;"]) {
    const bar = `<td class="s ${status}">`;
    delete harmless[bar];
    delete hostile[bar];
  }
  assertEquals(hostile, harmless);
  assertEquals(page.includes("\u202e"), false);
  assertEquals(["\0", "\x1b", "\u2028", "\u2029"].filter((it) => page.includes(it)), []);
});

Deno.test("formatPage() refers to nothing outside of the page", async () => {
  const page = await formatPage(pageData());
  const bare = page.replace(/<(script|style)>[^]*?<\/\1>/g, "");
  assertEquals(/\b(?:src|href|action|style|on\w+)\s*=/i.test(bare), false);
  assertEquals(/url\(|@import/i.test(page), false);
});

Deno.test("formatPage() takes at most 500 KB for the largest data", async () => {
  const { length } = new TextEncoder().encode(await formatPage(largestPage()));
  assert(length < 500_000, `${length} bytes`);
  assert(length > 300_000, `${length} bytes: is it the largest?`);
});

Deno.test("formatPage() sums up the hosts and errors that do not fit", async () => {
  const page = await formatPage(largestPage());
  const [, hosts, requests] = /<td>([\d,]+) hosts more<td class="n">([\d,]+)/.exec(page)!;
  const left = Number(hosts.replaceAll(",", ""));
  assert(left > 0 && left < 1_001);
  const sum = largestPage().hosts!.toSorted((a, b) => b.requests - a.requests).slice(-left)
    .reduce((sum, { requests }) => sum + requests, 0);
  assertEquals(Number(requests.replaceAll(",", "")), sum);
  assertMatch(page, /<td>\d+ others<td class="n">[\d,]+/);
});

Deno.test("formatPage() shows all figures", async () => {
  const page = await formatPage(pageData());
  for (
    const text of [
      "<h1>http://host/{}</h1>",
      "A threshold does not hold.",
      "It took 2:00, from 2026-01-31 12:00:00 UTC.",
      '<b class="">1,000</b>',
      '<td class="good">passed<td><code>p99&lt;500ms</code><td class="n">200 ms',
      '<td class="bad">failed<td><code>failed&lt;=0</code><td class="n">10',
      '<td>connection<td class="n">12<td class="n">1.50 ms<td class="n">1.00 ms',
      "200 OK",
      "404 Not Found",
      "no complete response within N ms",
      "other:8080",
      "http://host/17",
      "linux x86_64, 2 cores",
      "myriad 0.1.0, Deno 2.9.6",
      "1,001, 1 again after 503",
    ]
  ) assertStringIncludes(page, text);
});

for (
  const [summary, word] of [
    [{ aborted: "p99<1s", interrupted: false }, "Aborted by p99&lt;1s."],
    [{ interrupted: true }, "Interrupted."],
    [{ thresholds: [], failed: 1 }, "Some requests failed."],
    [{ thresholds: [], failed: 0 }, "All requests succeeded."],
  ] as [Partial<PageData["summary"]>, string][]
) {
  Deno.test(`formatPage() begins with '${word}' when that is the result`, async () => {
    assertStringIncludes(await formatPage(pageData({}, summary)), `">${word}</span>`);
  });
}

Deno.test("formatPage() leaves out figures that records do not tell", async () => {
  const { requests, succeeded, failed, errors, statuses, latency_ms } = pageData().summary;
  const page = await formatPage({
    title: "records",
    madeMs: 0,
    summary: { requests, succeeded, failed, errors, statuses, latency_ms },
  });
  assertEquals(/undefined|NaN|null/.test(page.replace(/<(script|style)>[^]*?<\/\1>/g, "")), false);
  assertEquals(page.includes("data-plot="), false);
});

Deno.test("formatPage() makes a page when nothing was requested", async () => {
  const nothing = { requests: 0, succeeded: 0, failed: 0, errors: {}, statuses: {}, rate: 0 };
  const page = await formatPage(pageData(
    { series: undefined, histogram: [], hosts: [], slowest: [], messages: [] },
    nothing,
  ));
  assertEquals(/undefined|NaN/.test(page.replace(/<(script|style)>[^]*?<\/\1>/g, "")), false);
});

Deno.test("formatPage() separates failures before and after a resume", async () => {
  const page = await formatPage(pageData({}, {
    errors: {
      timeout: { count: 25, examples: [] },
      reset: { count: 2, examples: [{ url: "http://host/r", detail: "gone" }] },
    },
  }));
  assertMatch(page, /timeout<td class="t">before it was resumed<td class="n">15</);
  assertMatch(page, /reset<td class="t"><details>.*http:\/\/host\/r/);
});

Deno.test("formatPage() shows no credentials of a URL", async () => {
  const url = "http://name:password@host/?q=1&api_key=hunter2&token=hunter2";
  const page = await formatPage(hostilePage(url));
  const shown = page.match(/<span class="url">[^<]*<\/span>/g)!;
  assertEquals(
    new Set(shown),
    new Set([
      '<span class="url">http://host/?q=1&amp;api_key=…&amp;token=…</span>',
    ]),
  );
});

Deno.test("the script of the page formats numbers as the program does", () => {
  // A browser has nothing of the program but this text.
  const [text] = /^"use strict";\n\(\(\) => \{\n[^]*?const shared = [^;]*;/.exec(pageScript)!;
  const shared = new Function(`${text} return shared; })();`.replace("(() =>", "return (() =>"))();
  assertEquals(Object.keys(shared), Object.keys(SHARED));
  for (const value of [0, 1e-4, 0.25, 1, 9.996, 59.6, 999.7, 12_345, 1e6, 987_654_321, 1e13]) {
    for (const name of ["formatBytes", "formatClock", "formatCount", "formatMs"] as const) {
      assertEquals(shared[name](value), SHARED[name](value), name);
    }
    for (const high of [value * 1.01, value * 3, value * 1e7]) {
      assertEquals(shared.listLabels(value, high), SHARED.listLabels(value, high));
    }
  }
});

Deno.test("formatPage() has room for 1,000 hosts of usual names", async () => {
  const hosts = Array.from({ length: 1_000 }, (_, k) => ({
    host: `service-${k}.region.example.com:8080`,
    requests: 1e8,
    failed: 1e6,
    meanMs: 123.456,
    maxMs: 23_456.789,
  }));
  const page = await formatPage(pageData({ hosts }));
  for (const { host } of hosts) assertStringIncludes(page, host);
  assert(page.length < 500_000, `${page.length}`);
});

Deno.test("formatPage() gives a threshold's full value when rounding would equal its bound", async () => {
  const page = await formatPage(pageData({}, {
    thresholds: [
      { threshold: "p99<=500ms", value: 500.3, bound: 500, unit: "ms", passed: false },
      { threshold: "p50<500ms", value: null, bound: 500, unit: "ms", passed: false },
      // A summary of an earlier version does not tell the bound.
      { threshold: "p95<=400ms", value: 400.3, unit: "ms", passed: false },
    ],
  }));
  assertStringIncludes(page, '<td class="n">500.3 ms');
  assertStringIncludes(page, '<td class="n">400 ms');
  assertStringIncludes(page, '<td class="n">nothing was measured');
});

Deno.test("formatPage() shows no latency for a host that only failed", async () => {
  const hosts = [
    { host: "fine", requests: 3, failed: 1, meanMs: 20, maxMs: 30 },
    { host: "dead", requests: 2, failed: 2, meanMs: 0, maxMs: 0 },
  ];
  const page = await formatPage({ ...pageData(), hosts });
  assertStringIncludes(page, '<td class="n">20.0 ms<td class="n">30.0 ms');
  assertMatch(page, /dead<td class="n">2<td class="n bad">2<td class="n">–<td class="n">–/);
  assert(!page.includes("0 s<td"));
});

Deno.test("formatPage() shows the program's own lateness when there was a rate", async () => {
  for (const own_late_ms of [undefined, null]) {
    assert(!(await formatPage(pageData({}, { own_late_ms }))).includes("Own lateness"));
  }
  const own_late_ms = { mean: 0.03, p50: 0.02, p99: 0.2, max: 3 };
  const page = await formatPage(pageData({}, { own_late_ms }));
  assertStringIncludes(page, "p50 20 us, p99 200 us, at most 3.00 ms");
});

Deno.test("formatPage() has a row for each worker, and sums up those that do not fit", async () => {
  const gone = workerFigures("w1", { state: "gone", requests: 100, slices: 1 });
  const page = await formatPage(pageData({ workers: [gone, workerFigures("w2")] }));
  assertStringIncludes(page, "<h2>Workers</h2>");
  assertMatch(
    page,
    /<td>w2<td>busy<td class="n">5,000<td class="n">5[^]*<td>w1<td class="bad">gone/,
  );
  const [, left, requests] = /<td>(\d+) workers more<td><td class="n">([\d,]+)/.exec(
    await formatPage(largestPage()),
  )!;
  assertEquals(Number(requests.replaceAll(",", "")), Number(left) * 5_000);
  assert(!(await formatPage(pageData())).includes("<h2>Workers</h2>"));
});
