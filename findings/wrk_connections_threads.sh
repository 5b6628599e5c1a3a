#!/usr/bin/env bash
# wrk opens fewer connections than -c unless they divide by -t, and prints the number of -c.
#
# The usual guess: -c is the number of connections, whatever the number of threads, for the line
# "12 threads and 400 connections" says so. But each thread opens c / t of them, rounded down, and
# nobody opens the rest: with the numbers of wrk's README, 33 for each of 12 threads, which is 396.
# With 16 threads and 31 connections nearly half are missing, so a test of what more threads bring
# compares numbers of connections as well.
#
# Needs Debian's apt, to download the packages without installing them, curl and node. Seen with wrk
# 4.1.0-3+b2:
#
#   wrk debian/4.1.0-3+b2
#   12 threads and 400 connections:  the server accepted 396
#   16 threads and 31 connections:   the server accepted 16
#   2 threads and 30 connections:    the server accepted 30
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
let opened = 0;
const server = http.createServer((request, response) => {
  // A connection that has sent a request counts: before the run, wrk opens one to see if it can.
  if (!request.socket.isCounted) opened++;
  request.socket.isCounted = true;
  if (request.url === "/opened") {
    response.end(`${opened - 1}`);
    opened = 0;
  } else setTimeout(() => response.end("Hello, World!"), 50);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

load() {
  local said accepted
  said=$(usr/bin/wrk "$@" -d 2 "http://127.0.0.1:$(cat port)/" |
    sed -n 's/^ *\([0-9]* threads and [0-9]* connections\)$/\1/p')
  accepted=$(curl -s "http://127.0.0.1:$(cat port)/opened")
  printf '%-32s the server accepted %s\n' "$said:" "$accepted"
}
{
  load -t 12 -c 400
  load -t 16 -c 31
  load -t 2 -c 30
} | tee seen
diff seen - <<END
12 threads and 400 connections:  the server accepted 396
16 threads and 31 connections:   the server accepted 16
2 threads and 30 connections:    the server accepted 30
END
