#!/usr/bin/env bash
# autocannon does not count responses whose body ends with the connection, and has no error for them.
#
# Without Content-Length and without chunks a body ends where the server closes the connection (RFC
# 9112, 6.3), as of every server that speaks HTTP/1.0. The usual guess: such a response counts, as it
# does with curl, or at least as an error. But autocannon has neither a response nor an error nor a
# timeout for it: -a 20 ends after 20 requests with a report of zeros, and exits with 0.
#
# Needs node with npm, and curl. Seen with autocannon 9.0.0, -a 20 and 2 connections:
#
#   autocannon 9.0.0
#   curl:        Hello, World!
#   autocannon:  20 sent, the server answered 20; 0 responses, 0 errors, 0 timeouts, exits with 0
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" autocannon@9.0.0 >/dev/null
echo "autocannon $(node -p 'require("autocannon/package.json").version')"

cat >server.mjs <<'END'
import net from "node:net";
import { appendFileSync } from "node:fs";
const server = net.createServer((socket) => {
  socket.on("error", () => {}).once("data", () => {
    appendFileSync("requests", "one\n");
    socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHello, World!");
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
url=http://127.0.0.1:$(cat port)/
body=$(curl -s "$url")
echo "curl:        $body"
[ "$body" = "Hello, World!" ]

cat >read.cjs <<'END'
const { requests, errors, timeouts } = JSON.parse(require("node:fs").readFileSync("seen", "utf8"));
const answered = require("node:fs").readFileSync("requests", "utf8").split("\n").length - 1;
const counts = `${requests.total} responses, ${errors} errors, ${timeouts} timeouts`;
console.log(`${requests.sent} sent, the server answered ${answered}; ${counts}`);
END
: >requests
code=0
node_modules/.bin/autocannon -c 2 -a 20 --json "$url" >seen 2>/dev/null || code=$?
counts="$(node read.cjs), exits with $code"
echo "autocannon:  $counts"
[ "$counts" = \
  "20 sent, the server answered 20; 0 responses, 0 errors, 0 timeouts, exits with 0" ]
