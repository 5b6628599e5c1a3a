#!/usr/bin/env bash
# autocannon never sees the end of a response to HEAD.
#
# A response to HEAD has the Content-Length of the body that GET would get, and no body (RFC 9110,
# 9.3.2). `--method HEAD` is accepted, so the usual guess: it measures HEAD as it measures GET. But
# autocannon waits for that body until its timeout, of 10 s by default, on every connection: a server
# that answers in a millisecond looks nearly dead. With -a the run does not end.
#
# Needs node with npm. Seen with autocannon 9.0.0, 1 connection, 3 s and --timeout 1; the figures
# differ each time:
#
#   autocannon 9.0.0
#   GET:   18315 responses, 0 timeouts
#   HEAD:  the server answered 5, autocannon has 2 responses, 2 timeouts
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" autocannon@9.0.0 >/dev/null
echo "autocannon $(node -p 'require("autocannon/package.json").version')"

cat >server.mjs <<'END'
import http from "node:http";
import { appendFileSync } from "node:fs";
const server = http.createServer((request, response) => {
  response.setHeader("Content-Length", 13).end("Hello, World!");
  if (request.method === "HEAD") appendFileSync("heads", "one\n");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

cat >read.cjs <<'END'
const { requests, timeouts } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
console.log(requests.total, timeouts);
END
load() {
  node_modules/.bin/autocannon -c 1 -d 3 -t 1 -m "$1" --json "http://127.0.0.1:$(cat port)/" \
    2>/dev/null | node read.cjs
}
: >heads
read -r responses timeouts < <(load GET)
echo "GET:   $responses responses, $timeouts timeouts"
[ "$responses" -gt 100 ]
[ "$timeouts" = 0 ]
read -r responses timeouts < <(load HEAD)
echo "HEAD:  the server answered $(wc -l <heads), autocannon has $responses responses, $timeouts timeouts"
[ "$(wc -l <heads)" -ge 2 ]
[ "$responses" -le 9 ]
[ "$timeouts" -ge 2 ]
