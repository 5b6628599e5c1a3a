#!/usr/bin/env bash
# curl sends a POST twice, without --retry, when the server takes it over a reused connection and dies.
#
# A client must not repeat a request by itself that is not idempotent, unless it knows that the first one
# was not processed (RFC 9110, 9.2.2). The usual guess: without --retry each POST goes out once, and one
# whose connection ends without a response fails with "Empty reply from server". That holds for the first
# request of a connection. A later one curl sends again over a new connection, silently: its output and
# its exit code tell of one success, and the server has done the order twice. Whoever counts orders by
# curl's exit codes is short, whenever a server is restarted in the midst of them.
#
# Needs Debian's apt, to download curl without installing it, and node 18 or later. Seen with curl
# 7.88.1-10+deb12u15 and node 20:
#
#   curl 7.88.1
#   alone:        exit code 52, the server did order 1 once
#   over a reused connection: exit code 0, 200 200, the server did order 2 2 times
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu)
curl() { LD_LIBRARY_PATH=$LD_LIBRARY_PATH usr/bin/curl -q "$@"; }
echo "$(curl --version | grep -o '^curl [0-9.]*')"

# Takes all of an order, does it, and dies at the first try of each but the order 0.
cat >server.mjs <<'END'
import { appendFileSync } from "node:fs";
import http from "node:http";
const seen = new Set(["0"]);
const server = http.createServer((request, response) => {
  let order = "";
  request.on("data", (bytes) => order += bytes).on("end", () => {
    appendFileSync("orders", `${order}\n`);
    if (seen.has(order)) return response.end("done\n");
    seen.add(order);
    request.socket.destroy();
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
url=http://127.0.0.1:$(cat port)/
times() { local n; n=$(grep -cx "$1" orders); if [ "$n" = 1 ]; then echo once; else echo "$n times"; fi; }

code=0
curl -s -d 1 "$url" || code=$?
echo "alone:        exit code $code, the server did order 1 $(times 1)"
[ "$code" = 52 ]
[ "$(grep -cx 1 orders)" = 1 ]

format='%{http_code} '
code=0
statuses=$(curl -s -o /dev/null -w "$format" -d 0 "$url" --next -s -o /dev/null -w "$format" -d 2 "$url") ||
  code=$?
echo "over a reused connection: exit code $code, ${statuses% }, the server did order 2 $(times 2)"
[ "$code" = 0 ]
[ "$statuses" = "200 200 " ]
[ "$(grep -cx 2 orders)" = 2 ]
