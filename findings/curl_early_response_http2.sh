#!/usr/bin/env bash
# curl 7.88 throws the response away that comes before it has sent all of its body over HTTP/2.
#
# A server that needs no more of a body responds, and then resets the stream with NO_ERROR: the
# client shall stop sending, and must not discard the response for that (RFC 9113, 8.1). nginx does
# so with an upload that is too large. The usual guess: curl prints the 413, as it does over
# HTTP/1.1. It exits with 92, a stream error, and has no status to show, so the fault is looked for
# in the network or in the server's HTTP/2. The client of node reads the response of the same server.
#
# Needs Debian's apt, to download the packages without installing them, the libraries of curl
# and node. Seen with curl 7.88.1-10+deb12u15 and nginx 1.22.1-9+deb12u11:
#
#   curl 7.88.1, nginx version: nginx/1.22.1
#   curl, HTTP/1.1:     413, exits with 0
#   curl, HTTP/2:       000, exits with 92: Stream error in the HTTP/2 framing layer
#   node:http2:         413, RST_STREAM with 0
set -euo pipefail
folder=$(mktemp -d)
nginx=
trap 'kill $nginx 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 \
  nginx=1.22.1-9+deb12u11 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu)
curl() { LD_LIBRARY_PATH=$LD_LIBRARY_PATH usr/bin/curl "$@"; }
echo "$(curl --version | sed -n 's/^\(curl [0-9.]*\).*/\1/p'), $(usr/sbin/nginx -v 2>&1)"

port=$((20000 + RANDOM % 10000))
cat >nginx.conf <<END
daemon off;
master_process off;
pid pid;
error_log error.log;
events {}
http {
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  access_log off;
  client_max_body_size 1m;
  server { listen 127.0.0.1:$port; }
  server { listen 127.0.0.1:$((port + 1)) http2; }
}
END
usr/sbin/nginx -p "$folder" -c nginx.conf 2>/dev/null &
nginx=$!
for _ in $(seq 100); do [ -s pid ] && break; sleep 0.1; done

head -c 3000000 /dev/zero >upload
send() {
  curl -sS -m 5 -o /dev/null -w '%{http_code}, exits with %{exitcode}' "$1" \
    --data-binary @upload "http://127.0.0.1:$2/" 2>said || true
  sed 's/^curl: ([0-9]*)/:/' said | tr -d '\n'
}
one=$(send --http1.1 "$port")
two=$(send --http2-prior-knowledge "$((port + 1))")
echo "curl, HTTP/1.1:     $one"
echo "curl, HTTP/2:       $two"

cat >client.mjs <<'END'
import http2 from "node:http2";
import { readFileSync } from "node:fs";
const session = http2.connect(`http://127.0.0.1:${process.argv[2]}`);
const upload = readFileSync("upload");
const fields = { ":method": "POST", ":path": "/", "content-length": upload.length };
const request = session.request(fields);
let status;
request.on("response", (head) => status = head[":status"]).on("error", () => {}).resume();
request.on("close", () => {
  console.log(`node:http2:         ${status}, RST_STREAM with ${request.rstCode}`);
  session.destroy();
});
request.end(upload);
END
node client.mjs "$((port + 1))" | tee node_seen
[ "$one" = "413, exits with 0" ]
[[ $two == "000, exits with 92"* ]]
grep -q " 413, RST_STREAM with 0$" node_seen
