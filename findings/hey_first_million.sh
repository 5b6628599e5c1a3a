#!/usr/bin/env bash
# hey's status codes and percentiles are those of the first million responses.
#
# The usual guess: "Status code distribution" counts all responses of the run, as "Total" and
# "Requests/sec" do. But hey keeps a million responses and drops what comes after. A server that
# begins to fail after the first million of a long run fails without a trace: here it refused 50,000
# requests, and hey shows those few that overtook others. No line says that anything was dropped;
# the only sign is a sum of exactly 1,000,000.
#
# Needs Debian's apt, to download the packages without installing them, and curl; takes a minute.
# Seen with hey 0.1.4-2+b4 and haproxy 2.6.12-1+deb12u4, which responds with 503 after a million; the
# number of 503 that hey shows differs each time:
#
#   haproxy: 1050000 requests, 50000 of them got 503
#   hey:     [200] 999983 responses, [503] 17 responses
set -euo pipefail
folder=$(mktemp -d)
haproxy=
trap 'kill $haproxy 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq hey=0.1.4-2+b4 haproxy=2.6.12-1+deb12u4 liblua5.3-0 \
  libopentracing-c-wrapper0 libopentracing1 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
libraries=$(echo "$folder"/usr/lib/*-linux-gnu)

port=$((20000 + RANDOM % 10000))
cat >haproxy.cfg <<END
global
  nbthread 1
defaults
  mode http
  timeout client 60s
  timeout connect 5s
  timeout server 60s
frontend pages
  bind 127.0.0.1:$port
  http-request return status 200 if { path /up }
  stick-table type integer size 1 store http_req_cnt,gpc0
  http-request track-sc0 int(1)
  http-request return status 200 content-type text/plain \
lf-string "%[sc_http_req_cnt(0)] %[sc_get_gpc0(0)]" if { path /counts }
  http-request return status 200 if { sc_http_req_cnt(0) le 1000000 }
  http-request sc-inc-gpc0(0)
  http-request return status 503
END
start() { LD_LIBRARY_PATH=$libraries exec usr/sbin/haproxy "$@"; }
start -db -f haproxy.cfg 2>/dev/null &
haproxy=$!
curl -s --retry 20 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$port/up"

timeout 500 usr/bin/hey -n 1050000 -c 100 "http://127.0.0.1:$port/" >said
# The request for the counts is one of them.
read -r requests refused < <(curl -s "http://127.0.0.1:$port/counts"; echo)
echo "haproxy: $((requests - 1)) requests, $refused of them got 503"
good=$(sed -n 's/.*\[200\]\t\([0-9]*\) responses/\1/p' said)
bad=$(sed -n 's/.*\[503\]\t\([0-9]*\) responses/\1/p' said)
echo "hey:     [200] $good responses, [503] ${bad:-0} responses"
[ "$requests" = 1050001 ]
[ "$refused" = 50000 ]
[ $((good + ${bad:-0})) = 1000000 ]
[ "${bad:-0}" -lt 1000 ]
