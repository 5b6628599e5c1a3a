#!/usr/bin/env bash
# openssl s_client -reconnect never resumes a TLS 1.3 session, whatever the server does.
#
# The option connects five more times, each time with the session of before, to show whether a server
# resumes it. The usual guess: "New" five times means that it does not. But in TLS 1.3 the ticket comes
# after the handshake (RFC 8446, 4.6.1), and s_client drops each connection before it reads the
# ticket: it has nothing to offer. With -sess_out and -sess_in it resumes with the same server.
#
# Needs Debian's apt, to download the package without installing it, and its library. Seen with
# openssl 3.0.22-1~deb12u2, as client and server:
#
#   OpenSSL 3.0.22
#   TLS 1.2, -reconnect:            1 New, 5 Reused
#   TLS 1.3, -reconnect:            6 New, 0 Reused
#   TLS 1.3, -sess_out, -sess_in:   1 New, 1 Reused
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq openssl=3.0.22-1~deb12u2 libssl3=3.0.22-1~deb12u2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH
openssl=usr/bin/openssl
$openssl version | sed -n 's/^\(OpenSSL [0-9.]*\).*/\1/p'

$openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost 2>/dev/null
port=$((20000 + RANDOM % 10000))
$openssl s_server -accept "127.0.0.1:$port" -cert cert.pem -key key.pem -www -quiet >/dev/null 2>&1 &
server=$!
connect=($openssl s_client -connect "127.0.0.1:$port")
for _ in $(seq 100); do "${connect[@]}" </dev/null >/dev/null 2>&1 && break; sleep 0.1; done

count() { echo "$(grep -c '^New, ' seen || true) New, $(grep -c '^Reused, ' seen || true) Reused"; }
"${connect[@]}" -tls1_2 -reconnect </dev/null >seen 2>/dev/null
two=$(count)
"${connect[@]}" -tls1_3 -reconnect </dev/null >seen 2>/dev/null
three=$(count)
# The server responds and closes: by then the tickets have been read.
get() { printf 'GET / HTTP/1.0\r\n\r\n' | "${connect[@]}" -tls1_3 -ign_eof "$@" 2>/dev/null; }
get -sess_out session >first
get -sess_in session >second
# The page that the server sends has such lines too, after those of s_client.
for one in first second; do grep -m 1 -E '^(New|Reused), TLS' $one; done >seen
files=$(count)
echo "TLS 1.2, -reconnect:            $two"
echo "TLS 1.3, -reconnect:            $three"
echo "TLS 1.3, -sess_out, -sess_in:   $files"
[ "$two" = "1 New, 5 Reused" ]
[ "$three" = "6 New, 0 Reused" ]
[ "$files" = "1 New, 1 Reused" ]
