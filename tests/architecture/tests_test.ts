import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** Folders of tests/ that stand for no room of lib/. */
const OTHERS = ["architecture", "bench", "docs", "fixtures", "fuzz", "packaging", "security"];

/**
 * What each test of more than one file is about. Every other test has the name of the file or the
 * room that it tests; those in tests/run/ run the program, each for the flags in its name.
 */
const SUBJECTS: Record<string, string> = {
  "checkpoint/crash": "runs that die between any two operations on files",
  "checkpoint/deaths": "the small part of deno task bench deaths",
  "checkpoint/kill": "runs with several threads that are killed again and again",
  "cli/unknown_flags": "the messages for flags and commands that do not exist, of every command",
  "cluster/campaign": "runs of which anybody dies at moments of a seed",
  "cluster/commit": "workers that die at each of the messages that make a slice done",
  "cluster/demo": "the demonstration: deno task cluster-demo",
  "cluster/formats": "each input and output of a run on several machines",
  "cluster/garbage": "what others send to the bus of a run",
  "cluster/live": "what is seen of a run on several machines, by processes",
  "cluster/network": "workers whose network is cut",
  "cluster/politeness": "limits of a host that several workers request",
  "cluster/rate": "a rate that several workers keep, in processes",
  "cluster/server_death": "NATS servers that die in the midst of a run",
  "cluster/sealing": "runs with a key, as the disk of the NATS server shows them",
  "cluster/store": "parts in the store of the NATS server: too many, damaged, of two workers",
  "cluster/submitter_death": "submitters that are killed or interrupted",
  "cluster/worker_death": "workers that are killed, sleep, or leave",
  "commands/verify/real_servers": "the access logs of Caddy, HAProxy and Apache themselves",
  "engine/auto": "which version of HTTP the automatic engine takes",
  "engine/connect": "connecting: addresses, look-ups and limits, with every engine",
  "engine/early_response": "responses that come before the request has ended",
  "engine/failure_scope":
    "which of host, network and proxy a failure tells about, with every engine",
  "engine/http1/fuzz": "mutated responses",
  "engine/http1/hostile": "servers that end, reset, stall or flood at any byte",
  "engine/http1/peers": "the servers of Node, Python and nginx",
  "engine/http2": "HTTP/2, with the fetch engine",
  "engine/http2/endings": "how the connection and its requests end: GOAWAY, resets, losses",
  "engine/http2/floods": "servers that send without an end",
  "engine/http2/flow_control": "windows of both sides, and bodies of any size",
  "engine/http2/fuzz": "mutated frames",
  "engine/http2/hostile": "servers of HTTP/2 that break its rules, break off, stall or flood",
  "engine/http2/interop": "the servers of others, with HTTP/2 and HTTP/1.1",
  "engine/limit_rate": "the bytes a second of a run, with every engine over sockets",
  "engine/proxy": "proxies and Unix sockets",
  "engine/reload":
    "nginx that is reloaded in the midst of requests, with every engine over sockets",
  "engine/sockets/forgotten": "connections that the network has forgotten",
  "engine/sockets/parked": "connections and requests that wait for one another",
  "engine/streamed_body": "bodies that are read while they are sent, with every engine",
  "engine/tls": "TLS, with every engine",
  "main": "main.ts: what every run has in common",
  "metrics/grafana": "the dashboard and the page of documentation beside the metrics",
  "progress/live/terminal": "the live view on a terminal of tmux",
  "report/page/browser": "the page in Chromium",
  "schedule/shared": "schedules of several event loops that make one run",
  "stats/adding": "statistics of several event loops, added up",
  "threads/statistics": "what a run over several event loops shows, beside one thread",
};

function* walk(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* walk(`${folder}${name}/`);
    else yield `${folder}${name}`;
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch {
    return false;
  }
}

/** Paths below tests/, without an ending, of the tests of rooms. */
const TESTS = [...walk("tests/")].map((path) => path.slice("tests/".length))
  .filter((path) => path.endsWith("_test.ts") && !OTHERS.includes(path.split("/")[0]))
  .map((path) => path.slice(0, -"_test.ts".length)).sort();

Deno.test("each folder of tests/ is a room of lib/", () => {
  const folders = new Set(TESTS.map((path) => path.split("/").slice(0, -1).join("/")));
  assertEquals([...folders].filter((folder) => !exists(`lib/${folder}`)), []);
});

Deno.test("each test has the name of what it tests in lib/, or a row that says its subject", () => {
  const isNamed = (path: string): boolean => {
    const [name, folder] = path.split("/").reverse();
    return exists(`lib/${path}.ts`) || name === folder || folder === "run";
  };
  const others = TESTS.filter((path) => !isNamed(path));
  assertEquals(others, Object.keys(SUBJECTS).sort());
});

Deno.test("tests start programs of Deno by DENO_RUN, so that all have the same flags for V8", () => {
  const others = [...walk("tests/")].filter((path) =>
    path.endsWith(".ts") && path !== "tests/fixtures/program.ts" &&
    /execPath\(\),\s*"run"/.test(Deno.readTextFileSync(new URL(path, ROOT)))
  );
  assertEquals(others, []);
});
