import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { formatFrame } from "../../../lib/progress/live/frame.ts";
import { Histogram } from "../../../lib/stats/histogram.ts";
import type { Snapshot } from "../../../lib/stats/snapshot.ts";
import { measureWidth } from "../../../lib/text/width.ts";
import { sceneOf, SNAPSHOT } from "../../fixtures/live_scene.ts";

const PLAIN = { color: false };
const WIDE = { columns: 200, rows: 50 };

const frameOf = (more: Partial<Snapshot>, size = WIDE): string =>
  formatFrame(sceneOf(more), size, PLAIN).join("\n");

/** What a frame is to be, to the cell. */
const FRAMES: Record<string, string> = {
  "80x24": `
[#############.......] 660,000/1,000,000  66 %  850/s  2,000 errors  ETA 6:40
rate           850/s  ▁▂▂▃▃▄▄▅▅▆▆▇▇█████▇▇▆▆▅▅▄▄▃▃▂▂           most 850/s
p99           987 ms  ██████████ ███████████████████           most 987 ms
p50           500 ms  ██████████ ███████████████████           most 500 ms
in flight      1,000  ██████████████████████████████           most 1,000
                      1:00 ago ──────────────── now
latency      <= 20 ms █▎                                        12,540    1.9 %
             <= 50 ms ██                                        19,800    3.0 %
            <= 100 ms ███▍                                      33,000    5.0 %
            <= 200 ms ██████▊                                   66,000   10.0 %
            <= 500 ms ████████████████████▎                    198,000   30.0 %
               <= 1 s ██████████████████████████████████       330,660   50.1 %
statuses   200 650,000 98.5 %   404 7,800 1.2 %   301 300 <0.1 %
           503 200 <0.1 %
errors     timeout       1,500    0.2 %  no answer  http://a.example/7
           expect          250   <0.1 %  --expect-body ok  http://c.example/9
           reset           200   <0.1 %  reset by peer  http://b.example/8
           expect           50   <0.1 %  --expect-latency 1s  http://c.example…
busiest    a.example          400,000    0.4 % failed   mean 400 ms
           b.example:8080     200,000    0.1 % failed   mean 600 ms
worst      c.example           59,000    0.5 % failed   mean 700 ms
           d.example            1,000    0.0 % failed  mean 12.3 ms
memory     90.0 MB, 105 MB at most   CPU 43 % of a core, event loop 42 % busy
`,
  "200x50": `
[################################.................] 660,000/1,000,000  66 %  850/s  2,000 errors  ETA 6:40  16:40

rate           850/s  ▁▂▂▃▃▄▄▅▅▆▆▇▇█████▇▇▆▆▅▅▄▄▃▃▂▂                                                                                                                                   most 850/s
p99           987 ms  ██████████ ███████████████████                                                                                                                                   most 987 ms
p50           500 ms  ██████████ ███████████████████                                                                                                                                   most 500 ms
in flight      1,000  ██████████████████████████████                                                                                                                                   most 1,000
                      1:00 ago ──────────────── now

latency      <= 15 ms ███████                                                                                                                                                            9,240    1.4 %
             <= 20 ms ██▌                                                                                                                                                                3,300    0.5 %
             <= 30 ms █████                                                                                                                                                              6,600    1.0 %
             <= 50 ms ██████████▏                                                                                                                                                       13,200    2.0 %
             <= 70 ms ██████████▏                                                                                                                                                       13,200    2.0 %
            <= 100 ms ███████████████▏                                                                                                                                                  19,800    3.0 %
            <= 150 ms █████████████████████████▎                                                                                                                                        33,000    5.0 %
            <= 200 ms █████████████████████████▎                                                                                                                                        33,000    5.0 %
            <= 300 ms ██████████████████████████████████████████████████▋                                                                                                               66,000   10.0 %
            <= 500 ms █████████████████████████████████████████████████████████████████████████████████████████████████████▎                                                           132,000   20.0 %
            <= 700 ms ███████████████████████████████████████████████████████████████████████████████████████████████████▊                                                             130,020   19.7 %
               <= 1 s ██████████████████████████████████████████████████████████████████████████████████████████████████████████████████████████████████████████████████████████       200,640   30.4 %

statuses   200 650,000 98.5 %   404 7,800 1.2 %   301 300 <0.1 %   503 200 <0.1 %

errors     timeout       1,500    0.2 %  no answer  http://a.example/7
           expect          250   <0.1 %  --expect-body ok  http://c.example/9
           reset           200   <0.1 %  reset by peer  http://b.example/8
           expect           50   <0.1 %  --expect-latency 1s  http://c.example/10

busiest    a.example                                                       400,000    0.4 % failed   mean 400 ms    max 900 ms
           b.example:8080                                                  200,000    0.1 % failed   mean 600 ms    max 1.00 s
worst      c.example                                                        59,000    0.5 % failed   mean 700 ms    max 990 ms
           d.example                                                         1,000    0.0 % failed  mean 12.3 ms   max 20.0 ms

memory     90.0 MB, 105 MB at most   CPU 43 % of a core, event loop 42 % busy
`,
  "40x24": `
660,000/1,000,000  66 %  850/s

rate 850/s
p99 987 ms
p50 500 ms
in flight 1,000

200 650,000 98.5 %   404 7,800 1.2 %
301 300 <0.1 %   503 200 <0.1 %

timeout 1,500
expect 250
reset 200
expect 50

memory 90.0 MB   CPU 43 % of a core
`,
  "20x24": `
660,000/1,000,000

rate 850/s
p99 987 ms
p50 500 ms
in flight 1,000

200 650,000 98.5 %
404 7,800 1.2 %
301 300 <0.1 %

timeout 1,500
expect 250
reset 200
expect 50

memory 90.0 MB
`,
  "80x10": `
[#############.......] 660,000/1,000,000  66 %  850/s  2,000 errors  ETA 6:40
rate           850/s  ▁▂▂▃▃▄▄▅▅▆▆▇▇█████▇▇▆▆▅▅▄▄▃▃▂▂           most 850/s
p99           987 ms  ██████████ ███████████████████           most 987 ms
p50           500 ms  ██████████ ███████████████████           most 500 ms
in flight      1,000  ██████████████████████████████           most 1,000
                      1:00 ago ──────────────── now
statuses   200 650,000 98.5 %   404 7,800 1.2 %   301 300 <0.1 %   1 other 200
errors     timeout       1,500    0.2 %  no answer  http://a.example/7
memory     90.0 MB, 105 MB at most   CPU 43 % of a core, event loop 42 % busy
`,
};

for (const [name, expected] of Object.entries(FRAMES)) {
  const [columns, rows] = name.split("x").map(Number);
  Deno.test(`formatFrame() shows the most important rows when the terminal is ${columns} by ${rows}`, () => {
    const lines = formatFrame(sceneOf(), { columns, rows }, PLAIN);
    assertEquals(`\n${lines.join("\n")}\n`, expected);
  });
}

const HOSTILE =
  "\x1b[2J\x1b]0;x\x07\r\n\x9b1m\u202e\u2066\u200f\u2028\x7f\ud800日本\u0301\u{1f600}";

const ATTACKED: Partial<Snapshot> = {
  errors: {
    protocol: { count: 2, examples: [{ url: HOSTILE, detail: HOSTILE }] },
    expect: {
      count: 1,
      examples: [],
      reasons: [{ expectation: HOSTILE, count: 1, examples: [{ url: HOSTILE, detail: "" }] }],
    },
  },
  hosts: [
    { host: HOSTILE, requests: 2, failed: 1, meanMs: 1, maxMs: 1 },
    { host: `a${HOSTILE}`, requests: 1, failed: 1, meanMs: 1, maxMs: 1 },
  ],
  shortages: { [HOSTILE]: 3 },
  loopBusy: 1,
};

/** Larger than what anybody will see. */
const HUGE: Partial<Snapshot> = {
  requests: 1e15 - 1,
  failed: 1e15 / 2 - 1,
  total: 1e15,
  inFlight: 1e9,
  statuses: Object.fromEntries(Array.from({ length: 900 }, (_, i) => [i + 100, 1e12 + i])),
  errors: {
    timeout: { count: 1e14, examples: [{ url: "u".repeat(200), detail: "d".repeat(200) }] },
    reset: { count: 1e14, examples: [] },
  },
  hosts: Array.from({ length: 1000 }, (_, k) => ({
    host: "h".repeat(300),
    requests: 1e13 + k,
    failed: 1e12,
    meanMs: 1e9,
    maxMs: 1e9,
  })),
  retrying: 1e9,
  paused: 1e6,
  rssBytes: 1e15,
  peakRssKb: 1e12,
};

const EMPTY: Partial<Snapshot> = {
  requests: 0,
  succeeded: 0,
  failed: 0,
  total: undefined,
  inFlight: 0,
  errors: {},
  statuses: {},
  histogram: new Histogram(),
  phases: {},
  hosts: [],
};

Deno.test("formatFrame() tells the phases that were measured, as far as a line has room", () => {
  const [ttfb, connect, tls] = [1_000, 5_000, 20_000].map((most) => {
    const histogram = new Histogram();
    for (let k = 1; k <= 100; k++) histogram.record(most * k / 100);
    return histogram;
  });
  const snapshot = { phases: { ttfb, connect, tls } };
  assertStringIncludes(
    frameOf(snapshot),
    "\nphases     first byte p50 501 us, p99 991 us   TLS handshake p50 10.0 ms, p99 19.8 ms   " +
      "connection p50 2.51 ms, p99 4.96 ms\n",
  );
  const narrow = frameOf(snapshot, { columns: 80, rows: 50 });
  assertStringIncludes(narrow, "\nphases     first byte p50 501 us, p99 991 us\n");
  assertEquals(frameOf({}).includes("first byte"), false);
});

Deno.test("formatFrame() is narrower and lower than any terminal", () => {
  for (const more of [{}, HUGE, EMPTY, ATTACKED]) {
    for (const points of [sceneOf().points, []]) {
      for (let columns = 1; columns <= 250; columns += columns < 100 ? 1 : 7) {
        for (const rows of [1, 2, 3, 5, 8, 10, 16, 24, 50]) {
          const scene = { ...sceneOf(more), points };
          const lines = formatFrame(scene, { columns, rows }, PLAIN);
          assert(lines.length < rows, `${columns}x${rows}: ${lines.length}`);
          for (const line of lines) {
            assert(measureWidth(line) < columns, `${columns}x${rows}: ${line}`);
            assertEquals(line, line.trimEnd());
            assert(!/NaN|Infinity|undefined/.test(line), line);
          }
        }
      }
    }
  }
});

Deno.test("formatFrame() shows no latency for a host that only failed", () => {
  const hosts = [
    { host: "fine", requests: 3, failed: 1, meanMs: 20, maxMs: 30 },
    { host: "dead", requests: 2, failed: 2, meanMs: 0, maxMs: 0 },
  ];
  const frame = frameOf({ hosts });
  assertMatch(frame, /fine .* 33\.3 % failed {2}mean 20\.0 ms {3}max 30\.0 ms/);
  assertMatch(frame, /dead .* 100\.0 % failed {8}mean - {9}max -/);
});

Deno.test("formatFrame() has only text of known width for any server's text", () => {
  for (const columns of [20, 40, 80, 200]) {
    const text = frameOf(ATTACKED, { columns, rows: 50 });
    assert(/^[\x20-\x7e\n…▁-▏─日本]*$/u.test(text), JSON.stringify(text));
  }
  assertStringIncludes(frameOf(ATTACKED), "\\u{d800}日本\\u{301}\\u{1f");
  assertStringIncludes(frameOf(ATTACKED), "\\x1b[2J\\x1b]0;x\\x07\\x0d\\x0a\\x9b1m\\u{202e}");
});

Deno.test("formatFrame() adds colors only when asked", () => {
  for (const more of [{}, EMPTY, { loopBusy: 1 }]) {
    const coloured = formatFrame(sceneOf(more), WIDE, { color: true });
    const plain = formatFrame(sceneOf(more), WIDE, PLAIN);
    assert(coloured.some((line) => line.includes("\x1b[")));
    // deno-lint-ignore no-control-regex
    assertEquals(coloured.map((line) => line.replace(/\x1b\[\d*m/g, "")), plain);
  }
});

Deno.test("formatFrame() warns exactly when the process itself is the bottleneck", () => {
  const said = "bottleneck this process: event loop 97 % busy, latencies include queueing here";
  for (const rows of [3, 10, 24, 50]) {
    const size = { columns: 80, rows };
    assertEquals(
      frameOf({ loopBusy: 0.97 }, size).split("\n").find((line) =>
        line !== "" && line.startsWith("bottle")
      ),
      said,
    );
    assert(!frameOf({ loopBusy: 0.89 }, size).includes("bottleneck"));
  }
});

/** How busy the main thread and the workers are, and the lines that tell it. */
const BUSY: [main: number, workers: number[], bottlenecks: string[], costs: string][] = [
  [0.12, [0.2, 0.89, 0.5], [], "main 12 %, threads 20–89 % busy"],
  [
    0.12,
    [0.2, 0.2, 0.97],
    ["thread 2: event loop 97 % busy, latencies include queueing here"],
    "main 12 %, threads 20–97 % busy",
  ],
  [
    0.5,
    [0.97, 0.2, 0.914],
    ["2 of 3 threads: event loops 97 % busy, latencies include queueing here"],
    "main 50 %, threads 20–97 % busy",
  ],
  [
    0.931,
    [1, 1],
    [
      "main thread: event loop 93 % busy, the others wait for it",
      "all 2 threads: event loops 100 % busy, latencies include queueing here",
    ],
    "main 93 %, threads 100 % busy",
  ],
];

for (const [loopBusy, workersBusy, bottlenecks, costs] of BUSY) {
  Deno.test(`formatFrame() tells which event loop is saturated with ${loopBusy} and ${workersBusy}`, () => {
    const lines = frameOf({ loopBusy, workersBusy, threads: workersBusy.length }).split("\n");
    assertEquals(
      lines.filter((line) => line.startsWith("bottleneck")),
      bottlenecks.map((text) => `bottleneck ${text}`),
    );
    assertEquals(
      lines.find((line) => line.startsWith("memory")),
      `memory     90.0 MB, 105 MB at most   CPU 43 %, ${costs}`,
    );
  });
}

Deno.test("formatFrame() names what this machine ran out of", () => {
  assertStringIncludes(
    frameOf({ shortages: { "file descriptors": 3 } }),
    "ran out    3 times: file descriptors",
  );
});

Deno.test("formatFrame() counts the reasons, hosts and statuses without a line", () => {
  const errors = Object.fromEntries(
    [
      "dns",
      "refused",
      "reset",
      "tls",
      "connect",
      "timeout",
      "protocol",
      "body",
      "redirect",
      "url",
      "cancelled",
    ]
      .map((kind, k) => [kind, { count: k + 1, examples: [] }]),
  );
  const lines = frameOf({ errors }).split("\n");
  const first = lines.findIndex((line) => line.startsWith("errors"));
  assertEquals(lines[first].slice(0, 40).trimEnd(), "errors     cancelled        11   <0.1 %");
  assertEquals(lines[first + 9].trimEnd(), "           2 others          3   <0.1 %");
  assertStringIncludes(frameOf(HUGE), " others ");
});

Deno.test("formatFrame() shows each host once, the busiest first, then those that fail most", () => {
  const lines = frameOf({}).split("\n").map((line) => line.slice(0, 30).trimEnd());
  const first = lines.findIndex((line) => line.startsWith("busiest"));
  assertEquals(lines.slice(first, first + 4), [
    "busiest    a.example",
    "           b.example:8080",
    "worst      c.example",
    "           d.example",
  ]);
  assertStringIncludes(frameOf({ hosts: SNAPSHOT.hosts.slice(0, 1) }), "\nhost       a.example ");
});

Deno.test("formatFrame() has the ETA and the bar of a duration when only that tells the end", () => {
  const scene = sceneOf({ total: undefined });
  const limit = { durationMs: 60_000, elapsedMs: 15_000 };
  const [bar] = formatFrame({ ...scene, limit }, { columns: 80, rows: 24 }, PLAIN);
  assertEquals(bar, "[#####...............] 660,000  25 %  850/s  2,000 errors  ETA 45s  16:40");
});

Deno.test("formatFrame() counts each response in a row of the histogram", () => {
  const histogram = new Histogram();
  for (const micros of [0, 3, 1000, 1000, 1e6, 36e8, 2 ** 40]) histogram.record(micros);
  for (let rows = 18; rows < 60; rows++) {
    const lines = frameOf({ histogram, errors: {}, hosts: [] }, { columns: 100, rows }).split("\n");
    const first = lines.findIndex((line) => line.startsWith("latency"));
    const counts = lines.slice(first).filter((line) => /^(latency| {7}) +(<=|>) /.test(line))
      .map((line) => Number(/ (\d+) +[<\d.]+ %$/.exec(line)![1]));
    assertEquals(counts.reduce((a, b) => a + b), 7, lines.join("\n"));
  }
});

Deno.test("formatFrame() has a row for values beyond the bounds", () => {
  const histogram = new Histogram();
  for (let k = 0; k < 999; k++) histogram.record(1000);
  histogram.record(2_000_000);
  const lines = frameOf({ histogram }).split("\n").map((line) => line.trim());
  const first = lines.findIndex((line) => line.startsWith("latency"));
  assertMatch(lines[first], /^latency +<= 1\.2 ms .* 999 {3}99\.9 %$/);
  assertMatch(lines[first + 1], /^> 1\.2 ms .* 1 {4}0\.1 %$/);
});

Deno.test("formatFrame() aligns the figures of hosts when names are wide", () => {
  const hosts = ["a.example", "例え.テスト", "Ελλάδα.example", "\u{1f600}.example", "漢".repeat(99)]
    .map((host) => ({ host, requests: 10, failed: 1, meanMs: 20, maxMs: 30 }));
  for (const columns of [60, 80, 120, 200]) {
    const lines = frameOf({ hosts }, { columns, rows: 50 }).split("\n");
    const first = lines.findIndex((line) => line.startsWith("busiest"));
    const rows = lines.slice(first, first + hosts.length);
    const places = rows.map((row) => measureWidth(row.slice(0, row.indexOf(" 10.0 % failed"))));
    assertEquals(new Set(places).size, 1, rows.join("\n"));
    assert(rows.every((row) => measureWidth(row) < columns), rows.join("\n"));
  }
});

Deno.test("formatFrame() breaks notices between words, and words longer than a line", () => {
  const noticesOf = (notice: string): string[] => {
    const scene = { ...sceneOf(EMPTY), notices: [notice] };
    const lines = formatFrame(scene, { columns: 42, rows: 24 }, PLAIN);
    const first = lines.findIndex((line) => line.startsWith("notice"));
    return lines.slice(first, lines.indexOf("", first)).map((line) => line.slice(11));
  };
  assertEquals(noticesOf("pausing 例え.テスト:8080 after repeated failures"), [
    "pausing 例え.テスト:8080 after",
    "repeated failures",
  ]);
  assertEquals(noticesOf(`ab ${"漢".repeat(20)} c`), [
    "ab",
    "漢".repeat(15),
    `${"漢".repeat(5)} c`,
  ]);
});
