#!/usr/bin/env bash
# wget that writes a WARC leaves out the response to a request that is answered with 204.
#
# A 204 has a head and no body (RFC 9110, 15.3.5), and a record of WARC holds a whole message. The usual
# guess: each request in the archive has its response beside it. But wget writes a response record
# only where there was a body to read, even one of no bytes: the archive has the request of a 204
# alone, and nothing says which status it got.
#
# Needs Debian's apt, to download the package without installing it, the libraries of wget, and node.
# Seen with wget 1.21.3-1+deb12u1:
#
#   200:             1 request and 1 responses in the archive
#   200, empty:      1 request and 1 responses in the archive
#   204:             1 request and 0 responses in the archive
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq wget=1.21.3-1+deb12u1 2>/dev/null
dpkg-deb -x wget_*.deb .

cat >server.mjs <<'END'
import http from "node:http";
const server = http.createServer((request, response) => {
  if (request.url === "/204") response.writeHead(204).end();
  else response.end(request.url === "/empty" ? "" : "Hello, World!");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

count() { grep -ac "^WARC-Type: $1" x.warc || true; }
ask() {
  usr/bin/wget -q --tries=1 --read-timeout=3 -O /dev/null --no-warc-compression --warc-file=x \
    "http://127.0.0.1:$(cat port)/$1"
  archived="$(count request) request and $(count response) responses in the archive"
}
ask 200
echo "200:             $archived"
[ "$archived" = "1 request and 1 responses in the archive" ]
ask empty
echo "200, empty:      $archived"
[ "$archived" = "1 request and 1 responses in the archive" ]
ask 204
echo "204:             $archived"
[ "$archived" = "1 request and 0 responses in the archive" ]
