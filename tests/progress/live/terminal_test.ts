import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { isInstalled } from "../../fixtures/installed.ts";
import { myriad } from "../../fixtures/program.ts";
import { ok, RawServer } from "../../fixtures/raw_server.ts";
import { withThreads } from "../../fixtures/threads.ts";
import { Tmux } from "../../fixtures/tmux.ts";

const LARGE = { columns: 200, rows: 50 };
const SMALL = { columns: 80, rows: 24 };
/** A run that goes on until it is ended, and leaves the machine to others. */
const ENDLESS = ["-z", "1h", "-q", "50", "-c", "10"];

const answering = (): Promise<RawServer> => RawServer.start(({ send }) => send(ok("Hello")));

/** The lines of the live view, as long as there is exactly one of each. */
const NAMES = ["rate", "p99", "p50", "in flight", "statuses", "memory"];

/** Whether the screen has one live view on it, whole, and that of a time after so many requests. */
function isLive(lines: string[], names = NAMES): boolean {
  return names.every((name) => lines.filter((line) => line.startsWith(`${name} `)).length === 1);
}

/** Bars, whole ones. */
const bars = (lines: string[]): string[] => lines.filter((line) => /^\[[#.]+\] /.test(line));

function test(name: string, run: () => Promise<void>): void {
  withThreads(name, { ignore: !isInstalled("tmux") }, run);
}

for (const size of [SMALL, LARGE]) {
  const { columns, rows } = size;
  test(`myriad shows a live view by itself when a ${columns} by ${rows} terminal has a long run`, async () => {
    await using server = await answering();
    await using tmux = await Tmux.start(size);
    await tmux.myriad([...ENDLESS, server.url("/{}")]);
    // At first it is a bar.
    await tmux.until((lines) => bars(lines).length === 1);
    const lines = await tmux.until((lines) =>
      isLive(lines) && lines.some((line) => / [▁-█]{2,}/.test(line))
    );
    assertEquals(bars(lines).length, 1);
    assert(lines.every((line) => line.length < columns), lines.join("\n"));
    assert(lines.some((line) => line.startsWith("latency ")));
    assert(lines.some((line) => /^host {7}127\.0\.0\.1:\d+ /.test(line)), lines.join("\n"));
    assert(lines.some((line) => /^statuses {3}200 \d+ 100\.0 %$/.test(line)));
    assertEquals(await tmux.tell("alternate_on", "cursor_flag", "wrap_flag"), ["0", "1", "1"]);
    await tmux.press("C-c");
    await tmux.ended(130);
  });
}

test("--progress live leaves one view and no stale line when the terminal is resized", async () => {
  await using server = await answering();
  await using tmux = await Tmux.start(LARGE);
  await tmux.myriad([...ENDLESS, "--progress", "live", server.url("/{}")]);
  await tmux.until((lines) => isLive(lines));
  for (
    const [columns, rows] of [[80, 24], [50, 24], [120, 30], [80, 12], [41, 12], [200, 50], [
      80,
      24,
    ]]
  ) {
    await tmux.resize({ columns, rows });
    const before = server.requests.length;
    // Drawn anew, and more than once.
    const lines = await tmux.until((lines) => {
      const [bar = ""] = lines.filter((line) => /\d\/s /.test(line) && !line.startsWith("rate"));
      const requests = Number(/([\d,]+) {2}/.exec(bar)?.[1].replaceAll(",", "") ?? 0);
      return requests >= before + 5 && isLive(lines);
    });
    assert(lines.length < rows, lines.join("\n"));
    assert(lines.every((line) => line.length < columns), lines.join("\n"));
    assertMatch(lines[0], /\/s/);
    assertMatch(lines.at(-1)!, /^memory /);
  }
  await tmux.press("C-c");
  await tmux.ended(130);
});

test("--progress live leaves the terminal clean after Ctrl-C", async () => {
  await using server = await answering();
  await using tmux = await Tmux.start(LARGE);
  await tmux.myriad([...ENDLESS, "--progress", "live", server.url("/{}")]);
  await tmux.until((lines) => isLive(lines));
  await tmux.press("C-c");
  await tmux.ended(130);
  const lines = await tmux.everything();
  const notice = lines.findIndex((line) => line.startsWith("myriad: interrupted"));
  assert(notice >= 0, lines.join("\n"));
  // The last state stays, below what was said in the middle and above the table.
  assertEquals(bars(lines).length, 1, lines.join("\n"));
  assert(isLive(lines), lines.join("\n"));
  assertMatch(lines[notice + 1], /^\[/);
  const table = lines.findIndex((line) => /^\d+ requests? in \S+( ms)?, interrupted$/.test(line));
  assertMatch(lines[table - 2], /^memory /);
  assertEquals(lines[table - 1], "");
  assertEquals(lines.filter((line) => line.includes("^C")), []);
  const [cursor, wrap, alternate, column] = await tmux.tell(
    "cursor_flag",
    "wrap_flag",
    "alternate_on",
    "cursor_x",
  );
  assertEquals([cursor, wrap, alternate, column], ["1", "1", "0", "2"]);
});

test("--progress live leaves the terminal clean after a second Ctrl-C", async () => {
  await using server = await RawServer.start(() => {});
  await using tmux = await Tmux.start(LARGE);
  await tmux.myriad(["-n", "10", "--progress", "live", server.url("/{}")]);
  await tmux.until((lines) => isLive(lines, ["rate", "in flight", "memory"]));
  await tmux.press("C-c");
  await tmux.until((lines) =>
    lines.some((line) => /^notice {5}interrupted: waiting up to 5 s for 10 requests/.test(line))
  );
  await tmux.press("C-c");
  const lines = await tmux.ended(130);
  assertEquals(lines.filter((line) => line.startsWith("rate ")).length, 1, lines.join("\n"));
  assertMatch(lines[lines.indexOf("exit code 130") - 1], /^memory /);
  assert(
    (await tmux.everything())[0].startsWith(
      "myriad: interrupted: waiting up to 5 s for 10 requests in flight",
    ),
  );
  assertEquals(await tmux.tell("cursor_flag", "wrap_flag"), ["1", "1"]);
});

test("--progress live escapes texts of servers and inputs", async () => {
  const hostile = "\x1b[2J\x1b]2;hacked\x07\x1b[31m\u202e";
  await using server = await RawServer.start(({ send, end }) => {
    send(`HTTP/1.1 2${hostile}0 OK\r\ncontent-length: 0\r\n\r\n`);
    end();
  });
  await using tmux = await Tmux.start(LARGE);
  const url = server.url(`/{}/日本?\u202e`);
  await tmux.myriad([...ENDLESS, "--progress", "live", "--no-pause", url], "NO_COLOR=1");
  const lines = await tmux.until((lines) => lines.some((line) => line.startsWith("errors ")));
  const error = lines.find((line) => line.startsWith("errors "))!;
  assertMatch(error, /^[\x20-\x7e…日本]*$/);
  assertStringIncludes(error, "protocol");
  assert(!(await tmux.tell("pane_title")).join(" ").includes("hacked"));
  // Without colours there is no sequence at all.
  const text = await tmux.coloured();
  assert(!text.includes("\x1b"), JSON.stringify(text));
  await tmux.press("C-c");
  await tmux.ended(130);
});

test("--progress live keeps its columns when paths and bodies are not ASCII", async () => {
  const body = "Ελλάδα 漢字 \u{1f600}";
  const bytes = String.fromCharCode(...new TextEncoder().encode(body));
  await using server = await RawServer.start(({ send }) => send(ok(bytes)));
  await using tmux = await Tmux.start(LARGE);
  const wide = "日本語".repeat(20);
  const expectation = ["--no-pause", "--expect-body", `必要 ${wide}`];
  await tmux.myriad([
    ...[...ENDLESS, "--progress", "live", ...expectation, server.url(`/${wide}/\u{1f600}/{}`)],
  ]);
  for (const size of [LARGE, { columns: 120, rows: 40 }, SMALL, LARGE]) {
    await tmux.resize(size);
    const before = server.requests.length;
    const lines = await tmux.until((lines) => {
      const [, requests = ""] = /^(?:\[.*\] )?([\d,]+) /.exec(lines[0]) ?? [];
      return isLive(lines, ["rate", "errors", "memory"]) && lines.length < size.rows &&
        Number(requests.replaceAll(",", "")) >= before + 5;
    });
    const error = lines.find((line) => line.startsWith("errors "))!;
    assertStringIncludes(error, "  --expect-body 必要 日");
    for (const line of lines) assert(await tmux.measure(line) < size.columns, line);
  }
  await tmux.press("C-c");
  await tmux.ended(130);
});

test("--progress live has colors when NO_COLOR is not set", async () => {
  await using server = await answering();
  await using tmux = await Tmux.start(SMALL);
  await tmux.myriad([...ENDLESS, "--progress", "live", server.url("/{}")], "env -u NO_COLOR");
  await tmux.until((lines) => isLive(lines));
  // Green, before the status.
  // deno-lint-ignore no-control-regex
  assertMatch(await tmux.coloured(), /\x1b\[32m[^ ]*200/);
  await tmux.press("C-c");
  await tmux.ended(130);
});

withThreads("--progress live is a log when standard error is not a terminal", async () => {
  await using server = await answering();
  const { code, stderr } = await myriad(["-n", "20", "--progress", "live", server.url("/{}")]);
  assertEquals([code, stderr], [0, ""]);
});
