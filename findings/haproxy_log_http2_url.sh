#!/usr/bin/env bash
# HAProxy's log has the whole URL for requests over HTTP/2, and only the path over HTTP/1.1.
#
# The usual guess: the request line of an access log has one form, for the server behind HAProxy gets
# the same path for both, and nginx and Apache log it so. But HAProxy writes what the client happens
# to speak: who counts requests by that word finds each page twice, and who searches for "GET /page"
# finds no request over HTTP/2. %HU and %HP have the same two forms; only %HPO is the path for both.
#
# Needs Debian's apt, to download the packages without installing them, and curl with HTTP/2. Seen
# with haproxy 2.6.12-1+deb12u4:
#
#   HAProxy version 2.6.12-1+deb12u4
#   "GET /page HTTP/1.1" HU=/page HP=/page HPO=/page
#   "GET http://example.test/page HTTP/2.0" HU=http://example.test/page HP=http://example.test/page HPO=/page
set -euo pipefail
folder=$(mktemp -d)
haproxy=
trap 'kill $haproxy 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq haproxy=2.6.12-1+deb12u4 liblua5.3-0 libopentracing-c-wrapper0 libopentracing1 \
  2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
libraries=$(echo "$folder"/usr/lib/*-linux-gnu)
start() { LD_LIBRARY_PATH=$libraries exec usr/sbin/haproxy "$@"; }
(start -v) | sed -n 's/^\(HAProxy version [^ ]*\).*/\1/p'

port=$((20000 + RANDOM % 10000))
cat >haproxy.cfg <<END
global
  log stdout format raw local0
defaults
  mode http
  timeout client 5s
  timeout connect 5s
  timeout server 5s
frontend pages
  bind 127.0.0.1:$port
  log global
  log-format "%{+Q}r HU=%HU HP=%HP HPO=%HPO"
  http-request return status 200
END
start -db -f haproxy.cfg >log 2>/dev/null &
haproxy=$!
ask() {
  curl -s -o /dev/null --retry 20 --retry-connrefused --retry-delay 1 -H 'Host: example.test' \
    "$1" "http://127.0.0.1:$port/page"
}
ask --http1.1
ask --http2-prior-knowledge
for _ in $(seq 50); do [ "$(wc -l <log)" -ge 2 ] && break; sleep 0.1; done
cat log
url=http://example.test/page
diff log - <<END
"GET /page HTTP/1.1" HU=/page HP=/page HPO=/page
"GET $url HTTP/2.0" HU=$url HP=$url HPO=/page
END
