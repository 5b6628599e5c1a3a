import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { Attempts } from "../../bench/attempts.ts";
import { inTurn } from "../../bench/in_turn.ts";
import { Meter, runCommand } from "../../bench/meter.ts";
import { findAb } from "../../bench/peers/ab.ts";
import { findAiohttp, type Strategy } from "../../bench/peers/aiohttp.ts";
import { curl, findCurl } from "../../bench/peers/curl.ts";
import { findH2load, h2load } from "../../bench/peers/h2load.ts";
import { findHey, hey } from "../../bench/peers/hey.ts";
import { k6 } from "../../bench/peers/k6.ts";
import { myriad } from "../../bench/peers/myriad.ts";
import { oha } from "../../bench/peers/oha.ts";
import type { Answers, Load, Peer } from "../../bench/peers/peer.ts";
import { vegeta } from "../../bench/peers/vegeta.ts";
import { findWrk } from "../../bench/peers/wrk.ts";
import { runPeer } from "../../bench/run.ts";
import { folder } from "../fixtures/folder.ts";
import { until } from "../fixtures/until.ts";

// What the bench reads out of other clients' summaries, and what they really do.

const LOAD: Load = { url: "http://127.0.0.1:1/", requests: 600, concurrency: 20, seconds: 6 };

Deno.test("h2load's summary counts 2xx as succeeded, and the rest as failed", () => {
  const peer = h2load("h2load nghttp2/1.52.0\n");
  const stdout = `starting benchmark...
spawning thread #0: 100 total client(s). Timing-based test with 0s of warm-up time and 2s of main duration for measurements.
Warm-up started for thread #0.
progress: 100% of clients started
Warm-up phase is over for thread #0.
Main benchmark duration is started for thread #0.
Application protocol: http/1.1
Main benchmark duration is over for thread #0. Stopping all clients.
Stopped all clients for thread #0

finished in 2.00s, 180.00 req/s, 22.17KB/s
requests: 352 total, 452 started, 352 done, 360 succeeded, 10 failed, 7 errored, 3 timeout
status codes: 352 2xx, 8 3xx, 0 4xx, 3 5xx
traffic: 44.34KB (45408) total, 29.22KB (29920) headers (space savings 0.00%), 4.47KB (4576) data
                     min         max         mean         sd        +/- sd
time for request:     6.46ms       1.01s    471.26ms    283.52ms    57.39%
time for connect:        8us       893us       437us       341us    49.00%
time to 1st byte:    10.52ms       1.01s    487.83ms    302.73ms    52.00%
req/s           :       1.00        3.50        1.76        0.62    60.00%
`;
  assertEquals(peer.version, "1.52.0");
  assertEquals(peer.read(stdout, 6), {
    requests: 352,
    failed: 18,
    rate: 176,
    latencyMs: { max: 1010 },
  });
  assertThrows(() => peer.read("starting benchmark...\n", 6), Error, "in what it printed");
  assertEquals(
    peer.command(LOAD).join(" "),
    "h2load -t 1 --h1 -c 20 -D 6s http://127.0.0.1:1/",
  );
});

Deno.test("h2load shares what is in flight among the connections that it is given", () => {
  const peer = h2load("h2load nghttp2/1.52.0\n", 10);
  assertEquals(peer.name, "h2load -c 10");
  assertEquals(
    peer.command({ ...LOAD, concurrency: 1000 }).join(" "),
    "h2load -t 1 -c 10 -m 100 -D 6s http://127.0.0.1:1/",
  );
});

const OHA = `{
  "summary": {
    "successRate": 0.9983,
    "total": 6.0,
    "slowest": 0.02,
    "fastest": 0.001,
    "average": 0.01,
    "requestsPerSec": 106.5,
    "totalData": 7800,
    "sizePerRequest": 13,
    "sizePerSec": 1300.0
  },
  "responseTimeHistogram": { "0.001": 1, "0.02": 599 },
  "latencyPercentiles": { "p10": 0.01, "p99": 0.02, "p99.9": null },
  "rps": { "mean": 100.0, "stddev": 1.0, "max": 110.0, "percentiles": { "p10": 98.0 } },
  "details": {
    "DNSDialup": { "average": 0.001, "fastest": 0.001, "slowest": 0.001 },
    "DNSLookup": { "average": 0.000001, "fastest": 0.000001, "slowest": 0.000001 }
  },
  "statusCodeDistribution": { "200": 597, "204": 3, "503": 18 },
  "errorDistribution": { "aborted due to deadline": 20, "connection error": 1 }
}
`;

Deno.test("oha's summary counts 2xx, and no failure for requests that the deadline cut off", () => {
  const peer = oha("oha 1.4.5\n", "");
  assertEquals(peer.version, "1.4.5");
  assertEquals(peer.read(OHA, 6), { requests: 600, failed: 19, rate: 100 });
});

for (
  const [help, flags] of [
    ["  -j, --json  Print results as JSON", "--json"],
    [
      "      --output-format <OUTPUT_FORMAT>  Output format [default: text]",
      "--output-format json",
    ],
  ]
) {
  Deno.test(`oha gets ${flags} for JSON when its version has that`, () => {
    assertEquals(
      oha("oha 1.9.0\n", help).command(LOAD).join(" "),
      `oha --no-tui ${flags} -z 6s -c 20 http://127.0.0.1:1/`,
    );
  });
}

// One line, as `vegeta report -type=json` prints it.
const VEGETA = '{"latencies":{"total":237119463,"mean":2371194,"50th":2854306,"90th":3228223,' +
  '"95th":3478629,"99th":3530000,"max":3660505,"min":1949582},"buckets":null,' +
  '"bytes_in":{"total":7800,"mean":13},"bytes_out":{"total":0,"mean":0},' +
  '"earliest":"2015-09-19T14:45:50.645818631+02:00",' +
  '"latest":"2015-09-19T14:45:51.635818575+02:00","end":"2015-09-19T14:45:51.639325797+02:00",' +
  '"duration":5500000000,"wait":500000000,"requests":612,"rate":101.01010672380401,' +
  '"throughput":100.00000012345,"success":0.98,"status_codes":{"0":7,"200":600,"503":5},' +
  '"errors":["503 Service Unavailable"]}\n';

Deno.test("vegeta's report counts 2xx, from the first start to the last response", () => {
  const peer = vegeta("Version: 12.8.4\nCommit: 8ea7c4c\nRuntime: go1.14.1 linux/amd64\n", "");
  assertEquals(peer.version, "12.8.4");
  assertEquals(peer.read(VEGETA, 9), { requests: 600, failed: 12, rate: 100 });
  assertThrows(() => peer.read("", 9));
});

Deno.test("vegeta is told to serve no metrics when its version does", () => {
  const scriptOf = (help: string): string => vegeta("", help).command(LOAD)[2];
  assert(!scriptOf("  -proxy-header value").includes("prometheus"));
  const script = scriptOf("  -prometheus-addr string\n    Prometheus exporter listen address");
  assert(script.includes(" -prometheus-addr= "), script);
  assert(script.includes(" -rate=0 -workers=20 -max-workers=20 "), script);
});

Deno.test("k6's summary is found among other lines of its output", () => {
  const peer = k6("k6 v0.47.0 (2023-10-09T15:24:57+0000/df3c3da, go1.21.2, linux/amd64)\n", "k.js");
  const stdout = '\n     execution: local\n{"requests":612,"failed":12,"ms":6000.5}\n\n';
  assertEquals(peer.version, "0.47.0");
  assertEquals(peer.read(stdout, 30), { requests: 600, failed: 12, rate: 600 / 6.0005 });
  assertThrows(() => peer.read("", 30), Error, "in what it printed");
  assertEquals(
    peer.command(LOAD).join(" "),
    "k6 run --quiet --no-usage-report -e TARGET=http://127.0.0.1:1/ " +
      "--vus 20 --duration 6s k.js",
  );
});

Deno.test("curl's lines count responses, over the time of its process", () => {
  const peer = curl("curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1 OpenSSL/3.0.22\n");
  assertEquals(peer.version, "7.88.1");
  assertEquals(peer.read("200\n204\n000\n503\n200\n200\n", 2), {
    requests: 4,
    failed: 2,
    rate: 2,
  });
  assertEquals(peer.command({ ...LOAD, requests: 600 }).at(-1), "http://127.0.0.1:1/[0-599]");
});

for (
  const [version, most] of [
    ["7.88.1", 300],
    ["8.15.0", 300],
    ["8.16.0", 65_535],
    ["8.20.0-rc1", 65_535],
    ["9.0.0", 65_535],
  ] as const
) {
  Deno.test(`curl ${version} can have ${most} in flight`, () => {
    assertEquals(curl(`curl ${version} (x86_64-pc-linux-gnu)\n`).maxInFlight, most);
  });
}

Deno.test("hey's errors that begin with a name do not count as statuses", () => {
  const stdout = `
Summary:
  Total:	6.0000 secs
  Slowest:	0.5000 secs
  Requests/sec:	102.0000

Status code distribution:
  [200]	600 responses
  [503]	8 responses

Error distribution:
  [4]	Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused
`;
  assertEquals(hey("0.1.4").read(stdout, 6), {
    requests: 600,
    failed: 12,
    rate: 100,
    latencyMs: { max: 500 },
  });
  assertEquals(hey("").command(LOAD).slice(1, 3), ["-n", "600"]);
  assertEquals(hey("").command({ ...LOAD, requests: 0 }).slice(1, 3), ["-z", "6s"]);
});

/**
 * A server that answers nobody before so many requests are in flight, then all at once; but the
 * very first request, for ab makes no other before that is answered.
 */
class Gate implements AsyncDisposable {
  readonly url: string;
  readonly paths: string[] = [];
  /** The most that were in flight. */
  most = 0;
  #inFlight = 0;
  readonly #open = Promise.withResolvers<void>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(size: number) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        this.paths.push(new URL(request.url).pathname);
        this.most = Math.max(this.most, ++this.#inFlight);
        if (this.#inFlight >= size) this.#open.resolve();
        if (this.paths.length > 1) await this.#open.promise;
        this.#inFlight--;
        return new Response("Hello, World!");
      },
    );
    this.url = `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

async function run(peer: Peer, load: Load): Promise<Answers> {
  const output = (await runCommand(peer.command(load)))!;
  try {
    return peer.read(output.stdout, 1);
  } catch (error) {
    throw new Error(output.stderr, { cause: error });
  }
}

const STRATEGIES: readonly Strategy[] = [
  "synchronous",
  "semaphore",
  "as_completed",
  "worker_queue",
  "bounded_pool",
];

const COUNTING: Record<string, Peer | undefined> = {
  myriad: myriad(),
  ab: await findAb(),
  curl: await findCurl(),
};
for (const strategy of STRATEGIES) COUNTING[strategy] = await findAiohttp(strategy);

for (const [name, peer] of Object.entries(COUNTING)) {
  Deno.test({
    name: `${name} keeps the concurrency of its row and makes each request once`,
    ignore: peer === undefined,
    async fn() {
      const concurrency = Math.min(20, peer!.maxInFlight ?? Infinity);
      await using gate = new Gate(concurrency);
      const { requests, failed, rate } = await run(peer!, {
        url: gate.url,
        requests: 150,
        concurrency,
        seconds: 1,
      });
      assertEquals([requests, failed, gate.paths.length, gate.most], [150, 0, 150, concurrency]);
      assert(rate > 0);
      const wanted = name === "ab" ? 1 : 150;
      assertEquals(new Set(gate.paths).size, wanted);
    },
  });
}

Deno.test({
  name: "curl reaches the highest concurrency that its version has",
  ignore: COUNTING.curl === undefined,
  async fn() {
    const concurrency = Math.min(400, COUNTING.curl!.maxInFlight!);
    await using gate = new Gate(concurrency);
    const { requests } = await run(COUNTING.curl!, {
      url: gate.url,
      requests: 450,
      concurrency,
      seconds: 1,
    });
    assertEquals([requests, gate.most], [450, concurrency]);
  },
});

const TIMED: Record<string, Peer | undefined> = {
  wrk: await findWrk(),
  h2load: await findH2load(),
  hey: await findHey(),
};

for (const [name, peer] of Object.entries(TIMED)) {
  Deno.test({
    name: `${name} is parsed correctly when it runs for seconds`,
    ignore: peer === undefined,
    async fn() {
      await using gate = new Gate(1);
      const load = { url: gate.url, requests: 0, concurrency: 5, seconds: 1 };
      const { requests, failed, rate } = await run(peer!, load);
      assert(requests > 0 && requests <= gate.paths.length, `${requests}, ${gate.paths.length}`);
      assertEquals(failed, 0);
      assert(rate > 0 && gate.most <= 5, `${rate}, ${gate.most}`);
    },
  });
}

Deno.test("Attempts stop at the first run that fails, and show its message", async () => {
  await using dir = await folder();
  const meter = await Meter.open(dir.path("time.txt"));
  const peerOf = (script: string): Peer => ({
    name: "a client",
    program: "sh",
    version: "1",
    command: () => ["sh", "-c", script],
    read: (stdout) => JSON.parse(stdout),
  });
  const broken = peerOf(`echo started >> ${dir.path("ran")}; echo 'error: 1 | 2' >&2; exit 1`);
  const whole = peerOf(`echo '{"requests": 5, "failed": 1200, "rate": 5}'`);
  const attempts = [broken, whole].map((peer) =>
    new Attempts(() => runPeer(meter, peer, LOAD, 60))
  );
  const [none, all] = Object.values(
    await inTurn({ rounds: undefined }, 3, {
      broken: () => attempts[0].run(),
      whole: () => attempts[1].run(),
    }),
  );
  assertEquals([none.length, all.length], [0, 3]);
  assertEquals(await Deno.readTextFile(dir.path("ran")), "started\n");
  assertMatch(attempts[0].failed(none), /it said 'error: 1 \\\| 2'$/);
  assertEquals(attempts[1].failed(all), "1,200, 1,200, 1,200");
  assertEquals(attempts[1].failed([]), "0");
});

Deno.test("Meter.run() leaves no process behind when a client takes too long", async () => {
  await using dir = await folder();
  const meter = await Meter.open(dir.path("time.txt"));
  // Deaf to SIGTERM, as a client that ends in its own time.
  const script = `trap '' TERM; echo $$ > ${dir.path("pid")}; while true; do sleep 0.1; done`;
  await assertRejects(() => meter.run(["sh", "-c", script], 4), Error, "sh took over 4 s");
  const pid = (await Deno.readTextFile(dir.path("pid"))).trim();
  await until(() => {
    try {
      // Nobody may be there to ask how it ended.
      return /^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
    } catch (error) {
      return error instanceof Deno.errors.NotFound;
    }
  });
});
