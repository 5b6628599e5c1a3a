#!/usr/bin/env bash
# wrk never sees the end of a response to HEAD, nor of a 304 that says its length.
#
# Neither has a body, though both may have the Content-Length of the one that GET would get (RFC 9110,
# 8.6). The usual guess: `wrk.method = "HEAD"` in a script measures HEAD. But wrk waits for the body:
# each connection makes one request for the whole run, and the report has 0 requests and no error.
#
# Needs Debian's apt, to download the packages without installing them, and node. Seen with wrk
# 4.1.0-3+b2, 2 connections and 2 s:
#
#   wrk debian/4.1.0-3+b2
#   GET:   wrk has many requests, 0 errors
#   HEAD:  the server answered 2 requests, wrk has 0, 0 errors
#   304:   the server answered 2 requests, wrk has 0, 0 errors
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
  appendFileSync("requests", "one\n");
  response.setHeader("ETag", '"a"').setHeader("Content-Length", 13);
  const { method, headers } = request;
  if (headers["if-none-match"] === '"a"') response.writeHead(304).end();
  else response.end(method === "HEAD" ? undefined : "Hello, World!");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

echo 'wrk.method = "HEAD"' >head.lua
load() {
  : >requests
  usr/bin/wrk -t 1 -c 2 -d 2 "$@" "http://127.0.0.1:$(cat port)/" >said
  seen=$(sed -n 's/^ *\([0-9]*\) requests in.*/\1/p' said)
  errors=$(grep -c "Socket errors" said || true)
}
load
echo "GET:   wrk has $seen requests, $errors errors"
[ "$seen" -gt 100 ]
load -s head.lua
echo "HEAD:  the server answered $(wc -l <requests) requests, wrk has $seen, $errors errors"
[ "$(wc -l <requests) $seen $errors" = "2 0 0" ]
load -H 'If-None-Match: "a"'
echo "304:   the server answered $(wc -l <requests) requests, wrk has $seen, $errors errors"
[ "$(wc -l <requests) $seen $errors" = "2 0 0" ]
