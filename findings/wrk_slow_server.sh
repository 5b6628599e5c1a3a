#!/usr/bin/env bash
# wrk reports no error for requests that got no response during the run, whatever --timeout says.
#
# The usual guess: with --timeout 1s a request that waits for 3 s counts as a timeout. But wrk looks
# at the time only when a response has come, so it counts late responses; a request whose response
# has not come when the run ends is neither a request nor an error. A server that stops responding
# looks like one that nobody asked, and if it stops in the last seconds of a run, the run looks
# faultless: all latencies are those of before. The exit status is 0 in any case.
#
# Needs Debian's apt, to download the packages without installing them, and node. Seen with wrk
# 4.1.0-3+b2, 10 connections, 3 s and --timeout 1s:
#
#   wrk debian/4.1.0-3+b2
#   responses after 2 s:   the server read 20 requests; wrk: 10 requests, 10 timeouts, exits with 0
#   responses after 10 s:  the server read 10 requests; wrk: 0 requests, 0 timeouts, exits with 0
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq wrk=4.1.0-3+b2 libluajit-5.1-2 libluajit-5.1-common 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH
(usr/bin/wrk -v || true) | sed -n 's/^\(wrk [^ ]*\).*/\1/p'

cat >server.mjs <<'END'
import http from "node:http";
import { appendFileSync } from "node:fs";
const server = http.createServer((request, response) => {
  appendFileSync("requests", "a request\n");
  setTimeout(() => response.end("Hello, World!"), Number(request.url.slice(1)) * 1_000);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

load() {
  local code=0
  : >requests
  usr/bin/wrk -t 1 -c 10 -d 3 --timeout 1s "http://127.0.0.1:$(cat port)/$1" >seen || code=$?
  local timeouts
  timeouts=$(sed -n 's/.*timeout \([0-9]*\)$/\1/p' seen)
  echo "the server read $(wc -l <requests) requests;" \
    "wrk: $(sed -n 's/^ *\([0-9]*\) requests in.*/\1/p' seen) requests, ${timeouts:-0} timeouts, exits with $code"
}
late=$(load 2)
never=$(load 10)
echo "responses after 2 s:   $late"
echo "responses after 10 s:  $never"
[[ $late == *"wrk: 10 requests, 10 timeouts, exits with 0" ]]
[ "$never" = "the server read 10 requests; wrk: 0 requests, 0 timeouts, exits with 0" ]
