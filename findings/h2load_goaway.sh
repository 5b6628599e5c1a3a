#!/usr/bin/env bash
# h2load gives a client up for good when the server ends its HTTP/2 connection gracefully.
#
# A server ends a connection after a number of requests: over HTTP/1.1 by Connection: close, over
# HTTP/2 by a GOAWAY with NO_ERROR. Over HTTP/1.1 h2load makes a new connection and goes on. The usual
# guess: over HTTP/2 as well. But the client is over, and all of its requests that are left count as
# failed and errored without having been sent ("started"). What looks like a server that breaks
# under load is a server that answered all it was asked; the rate is that of the few requests before.
#
# Needs Debian's apt, to download the packages without installing them. Seen with nghttp2-client
# 1.52.0-1+deb12u3 and nginx 1.22.1-9+deb12u11, with keepalive_requests 100:
#
#   h2load nghttp2/1.52.0, nginx version: nginx/1.22.1
#   HTTP/1.1: 1000 total, 1000 started, 1000 done, 1000 succeeded, 0 failed, 0 errored, 0 timeout
#   HTTP/2:   1000 total, 100 started, 100 done, 100 succeeded, 900 failed, 900 errored, 0 timeout
#   the log:  1100 requests, 1100 times 200
set -euo pipefail
folder=$(mktemp -d)
nginx=
trap 'kill $nginx 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nghttp2-client=1.52.0-1+deb12u3 libnghttp2-14=1.52.0-1+deb12u3 libev4 \
  libjemalloc2 nginx=1.22.1-9+deb12u11 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH
echo "$(usr/bin/h2load --version), $(usr/sbin/nginx -v 2>&1)"

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
  log_format short '\$status';
  access_log access.log short;
  keepalive_requests 100;
  server { listen 127.0.0.1:$port; location / { return 200; } }
  server { listen 127.0.0.1:$((port + 1)) http2; location / { return 200; } }
}
END
usr/sbin/nginx -p "$folder" -c nginx.conf 2>/dev/null &
nginx=$!
for _ in $(seq 100); do [ -s pid ] && break; sleep 0.1; done

load() { usr/bin/h2load -n 1000 -c 1 "$@" | sed -n 's/^requests: //p'; }
one=$(load --h1 "http://127.0.0.1:$port/")
two=$(load "http://127.0.0.1:$((port + 1))/")
echo "HTTP/1.1: $one"
echo "HTTP/2:   $two"
echo "the log:  $(wc -l <access.log) requests, $(grep -c '^200$' access.log) times 200"
[[ $one == *" 1000 succeeded, 0 failed,"* ]]
[[ $two == *" 100 started, "*" 100 succeeded, 900 failed,"* ]]
[ "$(grep -c '^200$' access.log)" = 1100 ]
