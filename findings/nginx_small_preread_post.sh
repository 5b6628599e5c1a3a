#!/usr/bin/env bash
# nginx with a small http2_body_preread_size refuses the first request with a body of a connection.
#
# The directive is the size of a buffer for the start of a body, so the usual guess is that a small
# one costs some time. It is also the flow-control window that nginx announces, and below 65,535
# nginx refuses (REFUSED_STREAM) each request with a body that comes before the client has
# acknowledged that window. Clients need not wait for the server's SETTINGS (RFC 9113, 3.4), and curl,
# nghttp and node:http2 do not: curl makes a new connection for each of its tries, and never gets
# through. GET works, and so does a POST on the connection of an earlier GET.
#
# Needs Debian's apt, to download the package without installing it, curl with HTTP/2, and node. Seen
# with nginx 1.22.1-9+deb12u11, curl 7.88.1 and node 20:
#
#   nginx version: nginx/1.22.1
#   65535, POST by curl:                   200
#   65534, POST by curl:                   000, exits with 56: Connection died, tried 5 times before giving up
#   65534, GET, then POST by node:http2:   200 200
set -euo pipefail
folder=$(mktemp -d)
nginx=
trap 'kill $nginx 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nginx=1.22.1-9+deb12u11 2>/dev/null
dpkg-deb -x nginx_*.deb .
usr/sbin/nginx -v 2>&1

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
  server {
    listen 127.0.0.1:$port http2;
    http2_body_preread_size 65535;
    location / { proxy_pass http://127.0.0.1:$((port + 2)); }
  }
  server {
    listen 127.0.0.1:$((port + 1)) http2;
    http2_body_preread_size 65534;
    location / { proxy_pass http://127.0.0.1:$((port + 2)); }
  }
  server { listen 127.0.0.1:$((port + 2)); location / { return 200 "Hello, World!\n"; } }
}
END
usr/sbin/nginx -p "$folder" -c nginx.conf 2>/dev/null &
nginx=$!
for _ in $(seq 100); do [ -s pid ] && break; sleep 0.1; done

post() {
  curl -sS -m 10 --http2-prior-knowledge -o /dev/null -w '%{http_code}' -d body \
    "http://127.0.0.1:$1/" 2>said ||
    sed 's/^curl: (\([0-9]*\)) /, exits with \1: /' said | tr -d '\n'
}
large=$(post "$port")
small=$(post "$((port + 1))")
cat >client.mjs <<'END'
import http2 from "node:http2";
const session = http2.connect(`http://127.0.0.1:${process.argv[2]}`);
const seen = [];
for (const method of ["GET", "POST"]) {
  const request = session.request({ ":method": method, ":path": "/" });
  request.on("response", (head) => seen.push(head[":status"]));
  request.on("error", ({ message }) => seen.push(message)).resume();
  request.end(method === "POST" ? "body" : undefined);
  await new Promise((resolve) => request.on("close", resolve));
}
console.log(seen.join(" "));
session.destroy();
END
both=$(node client.mjs "$((port + 1))")
echo "65535, POST by curl:                   $large"
echo "65534, POST by curl:                   $small"
echo "65534, GET, then POST by node:http2:   $both"
[ "$large" = 200 ]
[[ $small == "000, exits with 56"* ]]
[ "$both" = "200 200" ]
