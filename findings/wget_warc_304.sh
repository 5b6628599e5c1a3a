#!/usr/bin/env bash
# wget that writes a WARC hangs on a 304, and then has no response in the archive.
#
# A 304 has no body (RFC 9110, 15.4.5). Without --warc-file wget knows that, and ends at once. The
# usual guess: --warc-file adds a file and changes nothing else. But with it wget waits for a body on
# the connection that the server keeps open, until --read-timeout, which is 15 minutes by default. The
# archive then has the request alone. A 204 takes no time, but its response is missing too.
#
# Needs Debian's apt, to download the package without installing it, the libraries of wget, and node.
# Seen with wget 1.21.3-1+deb12u1, --tries=1 --read-timeout=3 and `If-None-Match`:
#
#   304:             0 s
#   304, with WARC:  3 s, 1 request and 0 responses in the archive
#   204, with WARC:  0 s, 1 request and 0 responses in the archive
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
  response.setHeader("ETag", '"a"');
  if (request.url === "/204") response.writeHead(204).end();
  else if (request.headers["if-none-match"] === '"a"') response.writeHead(304).end();
  else response.end("Hello, World!");
});
// Longer than wget waits: Node's own limit of 5 s would end the wait.
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node server.mjs >port &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done

ask() {
  local start=$SECONDS url
  url="http://127.0.0.1:$(cat port)/$1"
  shift
  usr/bin/wget -q --tries=1 --read-timeout=3 --header 'If-None-Match: "a"' -O /dev/null "$@" "$url" ||
    true
  seconds=$((SECONDS - start))
}
count() { grep -ac "^WARC-Type: $1" x.warc || true; }
ask 304
echo "304:             $seconds s"
[ "$seconds" -le 1 ]
for status in 304 204; do
  ask "$status" --no-warc-compression --warc-file=x
  archived="$(count request) request and $(count response) responses in the archive"
  echo "$status, with WARC:  $seconds s, $archived"
  [ "$archived" = "1 request and 0 responses in the archive" ]
  if [ "$status" = 304 ]; then [ "$seconds" -ge 3 ]; else [ "$seconds" -le 1 ]; fi
done
