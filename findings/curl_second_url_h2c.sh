#!/usr/bin/env bash
# curl 7.88.1 cannot use an HTTP/2 connection without TLS twice: its second URL fails.
#
# Several URLs in one command share a connection, and with --http2-prior-knowledge it is HTTP/2 from
# its first byte. The usual guess: the second request is one stream more, as it is over TLS. But curl
# exits with 16, "Error in the HTTP2 framing layer", and the server never sees that request. The
# message sounds like a fault of the server, yet nothing is wrong with its frames: whoever checks in
# this way that a server keeps its connections open finds that none does.
#
# Needs Debian's apt, to download the packages without installing them, the libraries of curl
# and node, whose own server counts the requests. Seen with curl 7.88.1-10+deb12u15:
#
#   curl 7.88.1
#   --http2-prior-knowledge, one URL:   200, exits with 0, the server saw 1
#   --http2-prior-knowledge, two URLs:  200 000, exits with 16, the server saw 1
#   --http2 over TLS, two URLs:         200 200, exits with 0, the server saw 2
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
libraries=$(echo "$folder"/usr/lib/*-linux-gnu)
curl() { LD_LIBRARY_PATH=$libraries usr/bin/curl "$@"; }
curl --version | sed -n 's/^\(curl [0-9.]*\).*/\1/p'

openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost 2>/dev/null
cat >server.mjs <<'END'
import http2 from "node:http2";
import { appendFileSync, readFileSync } from "node:fs";
const respond = (_, response) => {
  appendFileSync("seen", "a request\n");
  response.end("Hello, World!\n");
};
const files = { cert: readFileSync("cert.pem"), key: readFileSync("key.pem") };
const servers = [http2.createServer(respond), http2.createSecureServer(files, respond)];
for (const server of servers) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}
console.log(servers.map((server) => server.address().port).join(" "));
END
node server.mjs >ports &
server=$!
for _ in $(seq 100); do [ -s ports ] && break; sleep 0.1; done
read -r plain tls <ports

ask() {
  local code=0
  : >seen
  statuses=$(curl -sk -m 5 -w '%{stderr}%{http_code} ' "$@" 2>&1 >/dev/null) || code=$?
  echo "${statuses% }, exits with $code, the server saw $(wc -l <seen)"
}
url=http://127.0.0.1:$plain/
one=$(ask --http2-prior-knowledge "$url")
two=$(ask --http2-prior-knowledge "$url" "$url")
secure=$(ask --http2 "https://127.0.0.1:$tls/" "https://127.0.0.1:$tls/")
echo "--http2-prior-knowledge, one URL:   $one"
echo "--http2-prior-knowledge, two URLs:  $two"
echo "--http2 over TLS, two URLs:         $secure"
[ "$one" = "200, exits with 0, the server saw 1" ]
[ "$two" = "200 000, exits with 16, the server saw 1" ]
[ "$secure" = "200 200, exits with 0, the server saw 2" ]
