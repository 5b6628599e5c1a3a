#!/usr/bin/env bash
# ab counts a response that is cut short as complete, and none as failed.
#
# ab has a count of responses of another length than the first one, "Failed requests: … Length". The
# usual guess: a response that ends before its Content-Length is reached fails too, as it does with
# curl (exit code 18). But ab takes the end of the connection for the end of the body, whatever the
# head announced. A server that breaks off each of its pages in the same place is faultless.
#
# Needs Debian's apt, to download the packages without installing them, node and curl. Seen with
# apache2-utils 2.4.71-1~deb12u1, 20 requests:
#
#   whole:  ab: 20 complete, 0 failed, 20000 bytes; curl exits with 0
#   cut:    ab: 20 complete, 0 failed, 100 bytes; curl exits with 18
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq apache2-utils=2.4.71-1~deb12u1 libapr1 libaprutil1 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
libraries=$(echo "$folder"/usr/lib/*-linux-gnu)

cat >server.mjs <<'END'
import http from "node:http";
const server = http.createServer((request, response) => {
  response.setHeader("Content-Length", 1_000).setHeader("Connection", "close");
  if (request.url !== "/cut") response.end("x".repeat(1_000));
  else response.write("Hello", () => response.destroy());
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

load() {
  local url code=0
  url="http://127.0.0.1:$(cat port)/$1"
  LD_LIBRARY_PATH=$libraries usr/bin/ab -q -n 20 -c 2 "$url" >said
  curl -s -o /dev/null "$url" || code=$?
  read_figure() { sed -n "s/^$1: *\([0-9]*\).*/\1/p" said; }
  echo "ab: $(read_figure "Complete requests") complete, $(read_figure "Failed requests") failed," \
    "$(read_figure "HTML transferred") bytes; curl exits with $code"
}
whole=$(load whole)
cut=$(load cut)
echo "whole:  $whole"
echo "cut:    $cut"
[ "$whole" = "ab: 20 complete, 0 failed, 20000 bytes; curl exits with 0" ]
[ "$cut" = "ab: 20 complete, 0 failed, 100 bytes; curl exits with 18" ]
