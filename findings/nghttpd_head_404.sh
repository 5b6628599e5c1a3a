#!/usr/bin/env bash
# nghttpd sends a page with its 404 to HEAD over HTTP/2, and clients built on its own library refuse it.
#
# A response to HEAD has no content, whatever its status (RFC 9110, 9.3.2). nghttpd keeps to that for
# a file that exists. For one that is missing it sends the page of the error in a DATA frame, which
# makes the message malformed (RFC 9113, 8.1.1). The usual guess: a check of links by HEAD sees 404;
# or, as the client says PROTOCOL_ERROR, that the client is at fault. But curl, whose HTTP/2 is
# libnghttp2 of the same source, gets no status at all. GET of the same URL works.
#
# Needs Debian's apt, to download the package without installing it, and curl with HTTP/2. Seen with
# nghttp2-server 1.52.0-1+deb12u3 and curl 7.88.1:
#
#   GET  of a file:         200, exit 0
#   HEAD of a file:         200, exit 0
#   GET  of a missing file: 404, exit 0
#   HEAD of a missing file: 000, exit 92
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nghttp2-server=1.52.0-1+deb12u3 libnghttp2-14=1.52.0-1+deb12u3 libev4 libc-ares2 \
  libjansson4 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
mkdir www
echo hello >www/index.html
port=$((20000 + RANDOM % 10000))
LD_LIBRARY_PATH=$(echo "$folder"/usr/lib/*-linux-gnu) usr/sbin/nghttpd --no-tls -a 127.0.0.1 -d www \
  "$port" >/dev/null 2>&1 &
server=$!
ask() {
  local seen status=0
  seen=$(curl -s -m 10 --http2-prior-knowledge "$@" -o /dev/null -w '%{http_code}') || status=$?
  echo "$seen, exit $status"
}
for _ in $(seq 100); do
  curl -s -o /dev/null --http2-prior-knowledge "http://127.0.0.1:$port/" && break
  sleep 0.1
done
{
  echo "GET  of a file:         $(ask "http://127.0.0.1:$port/")"
  echo "HEAD of a file:         $(ask --head "http://127.0.0.1:$port/")"
  echo "GET  of a missing file: $(ask "http://127.0.0.1:$port/missing")"
  echo "HEAD of a missing file: $(ask --head "http://127.0.0.1:$port/missing")"
} | tee seen
diff seen - <<'END'
GET  of a file:         200, exit 0
HEAD of a file:         200, exit 0
GET  of a missing file: 404, exit 0
HEAD of a missing file: 000, exit 92
END
