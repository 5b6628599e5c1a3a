#!/usr/bin/env bash
# autocannon with a rate says that it sent a second's worth of requests more than it did.
#
# The number is the last line of its report, "1k requests in 2.0s", and `requests.sent` of its JSON.
# The usual guess: what was sent is what the server got, so the difference to the responses is what
# the server left without one. But each connection enters that number with its share of the rate,
# instead of the one request that it begins with. If the rate is more than the server can bear, most
# of what was "sent" never left, and a server that answered all it was asked seems to drop requests.
#
# Needs node with npm. Seen with autocannon 9.0.0, 10 connections and a server that takes 100 ms;
# what the server got differs a little each time:
#
#   autocannon 9.0.0
#   no rate:             174 sent, the server got 174
#   --overallRate 50:    200 sent, the server got 160
#   --overallRate 1000:  1180 sent, the server got 190
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
const server = http.createServer((_, response) => {
  appendFileSync("requests", "a request\n");
  setTimeout(() => response.end("ok"), 100);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

cat >read.cjs <<'END'
console.log(JSON.parse(require("node:fs").readFileSync(0, "utf8")).requests.sent);
END
load() {
  : >requests
  sent=$(node_modules/.bin/autocannon -c 10 -d 2 --json "${@:2}" "http://127.0.0.1:$(cat port)/" \
    2>/dev/null | node read.cjs)
  got=$(wc -l <requests)
  printf '%-20s %s sent, the server got %s\n' "$1" "$sent" "$got"
}
load "no rate:"
[ $((sent - got)) -ge -10 ]
[ $((sent - got)) -le 10 ]
load "--overallRate 50:" --overallRate 50
[ $((sent - got)) -ge 30 ]
load "--overallRate 1000:" --overallRate 1000
[ $((sent - got)) -ge 900 ]
[ "$got" -lt 400 ]
