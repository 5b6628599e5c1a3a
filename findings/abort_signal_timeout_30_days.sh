#!/usr/bin/env bash
# AbortSignal.timeout() of 30 days ends a fetch at once, in Deno and in Node.
#
# The DOM standard takes whole milliseconds up to 2^53 - 1, and aborts when these have passed. The
# usual guess: a signal of 30 days leaves a fetch alone. But from 2^31 ms on, 24.8 days, the signal is
# aborted after 1 ms, and the fetch fails with a TimeoutError; Deno says nothing, Node warns on
# standard error. From 2^32 ms on Node throws, which it does for no shorter time.
#
# Needs deno and node 20 or later. Seen with Deno 2.9.6 and node 20.20.2:
#
#   deno: 2147483647 ms: ok; 2592000000 ms: TimeoutError; 4294967296 ms: TimeoutError
#   node: 2147483647 ms: ok; 2592000000 ms: TimeoutError; 4294967296 ms: RangeError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/client.mjs" <<'CODE'
import http from "node:http";
const server = http.createServer((_, response) => setTimeout(() => response.end("ok"), 300));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/`;
const found = [];
for (const ms of [2 ** 31 - 1, 30 * 24 * 3_600_000, 2 ** 32]) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ms) });
    found.push(`${ms} ms: ${await response.text()}`);
  } catch ({ name }) {
    found.push(`${ms} ms: ${name}`);
  }
}
console.log(found.join("; "));
server.close();
server.closeAllConnections();
process.exit();
CODE
by_deno=$(deno run --no-config --quiet --allow-net "$folder/client.mjs")
by_node=$(node --no-warnings "$folder/client.mjs")
echo "deno: $by_deno"
echo "node: $by_node"
short='2147483647 ms: ok; 2592000000 ms: TimeoutError; 4294967296 ms:'
[ "$by_deno" = "$short TimeoutError" ] && [ "$by_node" = "$short RangeError" ]
