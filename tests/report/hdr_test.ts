import { assert, assertEquals, assertMatch } from "@std/assert";
import { seedRandom } from "../../lib/commands/serve/draw.ts";
import { formatHdr } from "../../lib/report/hdr.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import type { Latency } from "../../lib/stats/snapshot.ts";
import { folder } from "../fixtures/folder.ts";
import { finish, myriad, readUntil, run, start } from "../fixtures/program.ts";
import { ok, RawServer } from "../fixtures/raw_server.ts";
import { until } from "../fixtures/until.ts";

/**
 * What HdrHistogram itself says of lists of values, in microseconds, with as many digits: a program
 * of its own, since whoever runs `myriad` would fetch all that `deno.json` names.
 */
const PEER = `
import { build } from "npm:hdr-histogram-js@3.0.1";
const lists = await new Response(Deno.stdin.readable).json();
console.log(JSON.stringify(lists.map((values) => {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2 ** 36 - 1,
    numberOfSignificantValueDigits: 2,
    bitBucketSize: 64,
  });
  for (const value of values) histogram.recordValue(value);
  return histogram.outputPercentileDistribution(5, 1);
})));
`;

function ours(values: readonly number[]): string {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  const { mean, stddev, max } = histogram;
  const latency = { mean: mean / 1000, stddev: stddev / 1000, max: max / 1000 } as Latency;
  return formatHdr({ histogram, latency });
}

let said: Promise<Record<string, string>> | undefined;

async function ask(): Promise<Record<string, string>> {
  const args = ["eval", "--quiet", "--no-config", "--no-lock", "--node-modules-dir=none", PEER];
  const input = JSON.stringify(Object.values(VALUES));
  const { stdout, stderr } = await run([Deno.execPath(), ...args], { input });
  assertEquals(stderr, "");
  const names = Object.keys(VALUES);
  return Object.fromEntries(JSON.parse(stdout).map((text: string, k: number) => [names[k], text]));
}

/** Both in the same form: lines of numbers, values in milliseconds, then the three of the foot. */
function read(text: string, scale = 1): { rows: string[][]; foot: number[] } {
  const lines = text.trimEnd().split("\n");
  const [head, blank, ...rest] = lines;
  assertEquals([head, blank], ["       Value     Percentile TotalCount 1/(1-Percentile)", ""]);
  const foot = rest.splice(-3).flatMap((line) => {
    const match = /^#\[[\w ]+= +([\d.]+), [\w ]+= +([\d.]+)\]$/.exec(line);
    assert(match !== null, line);
    return [Number(match![1]), Number(match![2])];
  });
  const rows = rest.map((line) => {
    const [value, ...others] = line.trim().split(/ +/);
    return [(Number(value) / scale).toFixed(3), ...others];
  });
  return { rows, foot };
}

const RANDOM = seedRandom(8);
const VALUES: Record<string, number[]> = {
  "one value": [1_234],
  "all alike": Array(1_000).fill(77),
  "less than a slot is wide": [0, 1, 2, 3, 254, 255],
  "a uniform distribution": Array.from({ length: 5_000 }, () => Math.floor(RANDOM() * 3e6)),
  "a long tail": Array.from({ length: 20_000 }, () => Math.round(200 / (1.000_001 - RANDOM()))),
  "from microseconds to hours": Array.from(
    { length: 3_000 },
    () => Math.round(2 ** (35 * RANDOM())),
  ),
  "powers of two, and beside": Array.from(
    { length: 35 },
    (_, k) => [2 ** k - 1, 2 ** k, 2 ** k + 1],
  )
    .flat(),
  "none": [],
};

for (const [what, values] of Object.entries(VALUES)) {
  Deno.test(`formatHdr() gives the same as HdrHistogram for ${what}`, async () => {
    const mine = read(ours(values));
    const other = read((await (said ??= ask()))[what], 1_000);
    const max = values.reduce((a, b) => Math.max(a, b), 0);
    // With two significant digits the slots are the same, so all of it is equal, but for one thing:
    // what we say is never above the greatest value. The last digit may be rounded another way.
    assertEquals(mine.rows.length, other.rows.length);
    for (const [k, [value, percentile, ...rest]] of mine.rows.entries()) {
      const [theirValue, theirPercentile, ...theirRest] = other.rows[k];
      assertEquals(value, Math.min(Number(theirValue), max / 1_000).toFixed(3));
      assert(Math.abs(Number(percentile) - Number(theirPercentile)) < 2e-12, percentile);
      assertEquals([rest[0], rest.length], [theirRest[0], theirRest.length]);
      if (rest.length === 2) assert(Math.abs(Number(rest[1]) - Number(theirRest[1])) < 0.02);
    }
    // Mean and deviation are exact here, there those of the slots' middles.
    const near = (mine: number, theirs: number): void =>
      assert(Math.abs(mine - theirs / 1_000) <= 0.002 + 0.008 * mine, `${mine}, ${theirs}`);
    const [mean, stddev, greatest, count, buckets, subBuckets] = mine.foot;
    near(mean, other.foot[0]);
    near(stddev, other.foot[1]);
    assertEquals(greatest, max / 1_000);
    assertEquals([count, buckets, subBuckets], [values.length, ...other.foot.slice(4)]);
  });
}

Deno.test("formatHdr() keeps the columns of HdrHistogram's own text", () => {
  assertEquals(
    ours([1_000, 2_000]),
    `       Value     Percentile TotalCount 1/(1-Percentile)

       1.003 0.000000000000          1           1.00
       1.003 0.100000000000          1           1.11
       1.003 0.200000000000          1           1.25
       1.003 0.300000000000          1           1.43
       1.003 0.400000000000          1           1.67
       1.003 0.500000000000          1           2.00
       2.000 0.550000000000          2           2.22
       2.000 1.000000000000          2
#[Mean    =        1.500, StdDeviation   =        0.500]
#[Max     =        2.000, Total count    =            2]
#[Buckets =           29, SubBuckets     =          256]
`,
  );
});

Deno.test("--hdr writes the latency by percentile", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  await using dir = await folder();
  const file = dir.path("latency.hdr");
  const { code } = await myriad(["-s", "-n", "200", server.url("/{}"), "--hdr", file]);
  assertEquals(code, 0);
  const { rows, foot } = read(await Deno.readTextFile(file));
  assertEquals(rows.at(-1)!.slice(1), ["1.000000000000", "200"]);
  assertEquals(foot[3], 200);
});

Deno.test("--hdr - prints it on standard output, and the table on standard error", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const { stdout, stderr } = await myriad(["-n", "20", server.url("/{}"), "--hdr", "-"]);
  assertEquals(read(stdout).foot[3], 20);
  assertMatch(stderr, /20 requests in/);
});

Deno.test("--hdr is written when the run is interrupted", async () => {
  const held: (() => void)[] = [];
  await using server = await RawServer.start(({ request, send }) => {
    if (request.startsWith("GET /9 ")) held.push(() => send(ok()));
    else send(ok());
  });
  await using dir = await folder();
  const file = dir.path("latency.hdr");
  await using child = start(["-c", "1", "-n", "1M", server.url("/{}"), "--hdr", file]);
  await until(() => held.length === 1);
  child.kill("SIGINT");
  await readUntil(child.stderr, "interrupted");
  held[0]();
  const { code } = await finish(child);
  assertEquals(code, 130);
  assertEquals(read(await Deno.readTextFile(file)).foot[3], 10);
});

Deno.test("--hdr is refused before the first request when it cannot be written", async () => {
  await using server = await RawServer.start(({ send }) => send(ok()));
  const { code, stderr } = await myriad([server.url(), "--hdr", "/nowhere/latency.hdr"]);
  assertEquals(code, 2);
  assertMatch(stderr, /^myriad: Cannot write '--hdr \/nowhere\/latency.hdr': no such folder/);
  assertEquals(server.connections, 0);
});

Deno.test("--hdr is refused when another output goes to standard output", async () => {
  for (const other of [["--json"], ["--summary", "-"], ["-o", "-"]]) {
    const { code, stderr } = await myriad(["http://localhost/", "--hdr", "-", ...other]);
    assertEquals(code, 2);
    assertMatch(stderr, /both want standard output/);
  }
});
