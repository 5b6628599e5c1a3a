#!/usr/bin/env bash
# wrk calls the script's request() once for nothing: its first request is never sent.
#
# A script that counts, or reads a list, gives each request its own path. The usual guess, from wrk's
# description of its scripts: each call of request() is a request. But before the run wrk calls it
# once, to see whether its text holds several requests, and throws the text away. It does so in the
# first thread alone: with 1 thread the first URL of the list gets no request, with 3 threads it
# gets one fewer than the others. No number of the output tells, and the server has no error to show.
#
# Needs Debian's apt, to download the packages without installing them, and node. Seen with wrk
# 4.1.0-3+b2, one connection a thread:
#
#   wrk debian/4.1.0-3+b2
#   1 thread:   /1 0 times, /2 once, /3 once
#   3 threads:  /1 2 times, /2 3 times, /3 3 times
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
  appendFileSync("requests", `${request.url}\n`);
  setTimeout(() => response.end("Hello, World!"), 20);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

cat >paths.lua <<'END'
local made = 0
function request()
  made = made + 1
  return wrk.format("GET", "/" .. made)
end
END
load() {
  : >requests
  usr/bin/wrk -t "$1" -c "$1" -d 2 -s paths.lua "http://127.0.0.1:$(cat port)/" >/dev/null
  for path in /1 /2 /3; do echo "$path $(grep -cx "$path" requests || true) times"; done |
    sed 's/ 1 times/ once/' | paste -sd , | sed 's/,/, /g'
}
one=$(load 1)
three=$(load 3)
echo "1 thread:   $one"
echo "3 threads:  $three"
[ "$one" = "/1 0 times, /2 once, /3 once" ]
[ "$three" = "/1 2 times, /2 3 times, /3 3 times" ]
