#!/usr/bin/env bash
# wrk counts 103 Early Hints as responses: a server that sends them looks twice as fast.
#
# A 103 comes before the final response and is not one (RFC 8297; RFC 9110, 15.2). The usual guess:
# hints cost the server time, so the requests a second fall. But wrk counts both, sends the next
# request once it has the hint, and has the first half of its latencies from hints. It says nothing of
# statuses below 200.
#
# Needs Debian's apt, to download the packages without installing them, and node. Seen with wrk
# 4.1.0-3+b2, 2 connections and 2 s; the figures differ each time:
#
#   wrk debian/4.1.0-3+b2
#   without hints:  the server answered 51930 requests, wrk has 51928
#   with hints:     the server answered 21817 requests, wrk has 43632
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
let requests = 0;
const server = http.createServer((request, response) => {
  if (request.url === "/count") {
    response.end(`${requests}`);
    requests = 0;
    return;
  }
  requests++;
  if (request.url === "/hints") response.writeEarlyHints({ link: "</style.css>; rel=preload" });
  response.end("Hello, World!");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
url=http://127.0.0.1:$(cat port)

load() {
  usr/bin/wrk -t 1 -c 2 -d 2 "$url/$1" >said
  seen=$(sed -n 's/^ *\([0-9]*\) requests in.*/\1/p' said)
  got=$(node -e 'fetch(process.argv[1]).then((it) => it.text()).then(console.log)' "$url/count")
}
load ""
echo "without hints:  the server answered $got requests, wrk has $seen"
[ $((got - seen)) -le 2 ]
load hints
echo "with hints:     the server answered $got requests, wrk has $seen"
[ "$seen" -gt $((got * 19 / 10)) ]
