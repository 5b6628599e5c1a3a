#!/usr/bin/env bash
# nginx makes the upstream's 103 the final response: over HTTP/2 the page is lost.
#
# A server may send interim responses before the final one, and whoever sends requests has to read
# them (RFC 9110, 15.2). The usual guess is that nginx 1.22 drops a 103 of its upstream, or passes it
# on with the response after it. But it takes the 103 for the whole head, and sends the 200 that
# follows as content. Over HTTP/1.1 nobody sees that, for there the bytes happen to be in the right
# order; over HTTP/2 they are DATA frames of a message without a final status, and the client
# resets the stream. The access log has the status 103 for both.
#
# Needs Debian's apt, to download the package without installing it, curl with HTTP/2, and node
# 18.11 or later, whose own server sends the 103. Seen with nginx 1.22.1-9+deb12u11, curl 7.88.1:
#
#   nginx version: nginx/1.22.1
#   the upstream:        HTTP/1.1 103, HTTP/1.1 200, curl exits with 0
#   by nginx, HTTP/1.1:  HTTP/1.1 103, HTTP/1.1 200, curl exits with 0
#   by nginx, HTTP/2:    HTTP/2 103, curl exits with 92
#   the log:             "GET / HTTP/1.1" 103
#   the log:             "GET / HTTP/2.0" 103
set -euo pipefail
folder=$(mktemp -d)
nginx=
upstream=
trap 'kill $nginx $upstream 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nginx=1.22.1-9+deb12u11 2>/dev/null
dpkg-deb -x nginx_*.deb .
usr/sbin/nginx -v 2>&1

cat >upstream.mjs <<'END'
import http from "node:http";
const server = http.createServer((_, response) => {
  response.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
  response.end("Hello, World!\n");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
END
node upstream.mjs >port &
upstream=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
upstream_port=$(cat port)

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
  log_format short '"\$request" \$status';
  access_log access.log short;
  proxy_http_version 1.1;
  server { listen 127.0.0.1:$port; location / { proxy_pass http://127.0.0.1:$upstream_port; } }
  server { listen 127.0.0.1:$((port + 1)) http2; location / { proxy_pass http://127.0.0.1:$upstream_port; } }
}
END
usr/sbin/nginx -p "$folder" -c nginx.conf 2>/dev/null &
nginx=$!
for _ in $(seq 100); do [ -s pid ] && break; sleep 0.1; done

ask() {
  local code=0
  curl -s -m 5 -o /dev/null -D head "$2" "http://127.0.0.1:$1/" || code=$?
  # What stands in front is the status lines, in a row.
  echo "$(sed -n 's/^\(HTTP[^ ]* [0-9]*\).*/\1, /p' head | tr -d '\r\n')curl exits with $code"
}
direct=$(ask "$upstream_port" --http1.1)
one=$(ask "$port" --http1.1)
two=$(ask "$((port + 1))" --http2-prior-knowledge)
echo "the upstream:        $direct"
echo "by nginx, HTTP/1.1:  $one"
echo "by nginx, HTTP/2:    $two"
sed 's/^/the log:             /' access.log
[ "$direct" = "HTTP/1.1 103, HTTP/1.1 200, curl exits with 0" ]
[ "$two" = "HTTP/2 103, curl exits with 92" ]
[ "$(grep -c ' 103$' access.log)" = 2 ]
