#!/usr/bin/env bash
# hey counts a response that is cut short as a success, with the bytes that never came.
#
# The usual guess: where the server closes the connection before the Content-Length is reached, the
# request failed, and "Total data" is what was read. But hey has a 200 and no error for it, and adds
# up what the heads announce. So it does for HEAD too, which has no body; and it has no line "Total
# data" at all where bodies are chunked, since their heads announce nothing.
#
# Needs Debian's apt, to download the package without installing it, and node. Seen with hey
# 0.1.4-2+b4, 20 requests and 2 connections:
#
#   whole:    20 of 200, Total data: 20000 bytes, errors: 0
#   cut:      20 of 200, Total data: 20000 bytes, errors: 0 (the server sent 100 bytes)
#   chunked:  20 of 200, no Total data, errors: 0
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq hey=0.1.4-2+b4 2>/dev/null
dpkg-deb -x hey_*.deb .

cat >server.mjs <<'END'
import http from "node:http";
const server = http.createServer((request, response) => {
  if (request.url !== "/chunked") response.setHeader("Content-Length", 1_000);
  if (request.url === "/cut") response.write("Hello", () => response.destroy());
  else response.write("x".repeat(500), () => response.end("x".repeat(500)));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

load() {
  usr/bin/hey -n 20 -c 2 "http://127.0.0.1:$(cat port)/$1" >said
  local data
  data=$(sed -n 's/^ *\(Total data:\)\t\(.*\)$/\1 \2/p' said)
  echo "$(sed -n 's/^ *\[200\]\t\([0-9]*\) responses.*/\1/p' said) of 200, ${data:-no Total data}," \
    "errors: $(grep -c 'Error distribution' said || true)"
}
whole=$(load whole)
cut=$(load cut)
chunked=$(load chunked)
echo "whole:    $whole"
echo "cut:      $cut (the server sent 100 bytes)"
echo "chunked:  $chunked"
[ "$whole" = "20 of 200, Total data: 20000 bytes, errors: 0" ]
[ "$cut" = "$whole" ]
[ "$chunked" = "20 of 200, no Total data, errors: 0" ]
